import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { MessageTypeDefinition, MethodDefinition } from "@grpc/proto-loader";
import { loadSync } from "@grpc/proto-loader";

/** The contract as another toolchain reads it: nothing here comes from src/gen. */
const contract = loadSync(
  [
    "attuned/v1/config_service.proto",
    "attuned/v1/model_service.proto",
    "attuned/v1/outcome_service.proto",
    "attuned/v1/optimizer_service.proto",
    "attuned/v1/admin_service.proto",
    "attuned/v1/history_service.proto",
    "health/v1/health.proto",
    "google/rpc/status.proto",
    "google/rpc/error_details.proto",
  ],
  {
    includeDirs: [
      "proto",
      "node_modules/grpc-health-check/proto",
      "node_modules/google-proto-files",
    ],
    keepCase: false,
    enums: String,
    longs: String,
  },
);

export interface GrpcAnswer {
  /** 0 is OK. */
  readonly code: number;
  readonly message: string;
  readonly response: Readonly<Record<string, unknown>>;
  /** The error details by short type name. */
  readonly details: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface GrpcClient {
  call(
    method: string,
    request: object,
    options?: { readonly deadline?: number; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<GrpcAnswer>;
  watch(method: string, request: object): ClientReadableStream<Record<string, unknown>>;
  close(): void;
}

/** A grpc-js client. Methods are written `attuned.v1.ConfigService/ResolveConfig`; targets `127.0.0.1:1234` or `unix:/path`. */
export function createGrpcClient(target: string, authority?: string): GrpcClient {
  const client = new Client(
    target,
    credentials.createInsecure(),
    authority === undefined ? {} : { "grpc.default_authority": authority },
  );
  return {
    call: (name, request, { deadline, headers = {} } = {}) =>
      new Promise((resolve) => {
        const method = methodOf(name);
        const metadata = new Metadata();
        for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadata,
          deadline === undefined ? {} : { deadline: Date.now() + deadline },
          (error, response) => resolve(answerOf(error, response)),
        );
      }),
    watch(name, request) {
      const method = methodOf(name);
      return client.makeServerStreamRequest(
        method.path,
        method.requestSerialize,
        (bytes) => ({ ...method.responseDeserialize(bytes) }),
        request,
      );
    },
    close: () => client.close(),
  };
}

function methodOf(name: string): MethodDefinition<object, object> {
  const [service = "", method = ""] = name.split("/");
  const found = contract[service];
  const definition =
    found === undefined ? undefined : Object.entries(found).find(([key]) => key === method);
  if (definition === undefined) throw new Error(`the contract has no ${name}`);
  return definition[1] as MethodDefinition<object, object>;
}

function answerOf(error: ServiceError | null, response?: object): GrpcAnswer {
  return {
    code: error?.code ?? 0,
    message: error?.details ?? "",
    response: { ...response },
    details: detailsOf(error?.metadata),
  };
}

export function detailsOf(metadata: Metadata | undefined): GrpcAnswer["details"] {
  const [packed] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!(packed instanceof Buffer)) return {};
  const status = decode("google.rpc.Status", packed) as {
    details: { type_url: string; value: Buffer }[];
  };
  return Object.fromEntries(
    status.details.map(({ type_url: typeUrl, value }) => {
      const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
      return [type.slice(type.lastIndexOf(".") + 1), decode(type, value)];
    }),
  );
}

function decode(type: string, bytes: Buffer): Record<string, unknown> {
  const definition = contract[type] as MessageTypeDefinition<object, object>;
  return { ...definition.deserialize(bytes) };
}
