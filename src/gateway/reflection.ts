import type { DescFile } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import type { ServerReflectionRequest as RequestV1 } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ReflectionV1 } from "../gen/grpc/reflection/v1/reflection_pb.ts";
import type { ServerReflectionRequest as RequestV1Alpha } from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { ServerReflection as ReflectionV1Alpha } from "../gen/grpc/reflection/v1alpha/reflection_pb.ts";
import type { DescriptorIndex } from "./descriptor-index.ts";

/** grpc.reflection, both versions: they differ in nothing but the package. */
export function reflectionRoutes(index: DescriptorIndex): (router: ConnectRouter) => void {
  return (router) => {
    router.service(ReflectionV1, {
      async *serverReflectionInfo(requests) {
        const sent = new Set<DescFile>();
        for await (const request of requests) {
          yield {
            validHost: request.host,
            originalRequest: request,
            messageResponse: answer(index, request.messageRequest, sent),
          };
        }
      },
    });
    router.service(ReflectionV1Alpha, {
      async *serverReflectionInfo(requests) {
        const sent = new Set<DescFile>();
        for await (const request of requests) {
          yield {
            validHost: request.host,
            originalRequest: request,
            messageResponse: answer(index, request.messageRequest, sent),
          };
        }
      },
    });
  };
}

type Question = RequestV1["messageRequest"] | RequestV1Alpha["messageRequest"];

function answer(index: DescriptorIndex, question: Question, sent: Set<DescFile>) {
  switch (question.case) {
    case "fileByFilename":
      return files(index, index.fileByName(question.value), sent, question.value);
    case "fileContainingSymbol":
      return files(index, index.fileOfSymbol(question.value), sent, question.value);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = question.value;
      const file = index.fileOfExtension(containingType, extensionNumber);
      return files(index, file, sent, `extension ${extensionNumber} of ${containingType}`);
    }
    case "allExtensionNumbersOfType": {
      const numbers = index.extensionNumbers(question.value);
      if (numbers === undefined) return notFound(question.value);
      const value = { baseTypeName: question.value, extensionNumber: [...numbers] };
      return { case: "allExtensionNumbersResponse", value } as const;
    }
    case "listServices": {
      const value = { service: index.services.map((name) => ({ name })) };
      return { case: "listServicesResponse", value } as const;
    }
    default:
      return failure(Code.InvalidArgument, "the request asks for nothing");
  }
}

/** The file asked for and those of its imports that this stream has not seen yet, so that a client needs one question. */
function files(
  index: DescriptorIndex,
  file: DescFile | undefined,
  sent: Set<DescFile>,
  asked: string,
) {
  if (file === undefined) return notFound(asked);
  const fresh = index.withImports(file).filter((each) => each === file || !sent.has(each));
  for (const each of fresh) sent.add(each);
  const value = { fileDescriptorProto: fresh.map((each) => index.bytesOf(each)) };
  return { case: "fileDescriptorResponse", value } as const;
}

function notFound(asked: string) {
  return failure(Code.NotFound, `this daemon does not know ${JSON.stringify(asked)}`);
}

function failure(errorCode: Code, errorMessage: string) {
  return { case: "errorResponse", value: { errorCode, errorMessage } } as const;
}
