import type { DescExtension, DescFile, DescMessage, DescService } from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
import type { DescriptorProto, EnumDescriptorProto } from "@bufbuild/protobuf/wkt";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** The descriptors that reflection serves, found by what clients ask with. */
export interface DescriptorIndex {
  /** Full names of the services, in order. */
  readonly services: readonly string[];
  fileByName(name: string): DescFile | undefined;
  /** The file that declares a message, field, enum, enum value, extension, service or method, by its full name. */
  fileOfSymbol(symbol: string): DescFile | undefined;
  fileOfExtension(typeName: string, number: number): DescFile | undefined;
  /** Field numbers that extend a message, or undefined where there is no such message. */
  extensionNumbers(typeName: string): readonly number[] | undefined;
  /** A file and everything it imports, each once, importers before what they import. */
  withImports(file: DescFile): readonly DescFile[];
  /** The serialised google.protobuf.FileDescriptorProto. */
  bytesOf(file: DescFile): Uint8Array;
}

/** Indexes the files of the services and `extraFiles`, with everything they import. */
export function createDescriptorIndex(
  services: readonly DescService[],
  extraFiles: readonly DescFile[] = [],
): DescriptorIndex {
  const files = new Map<string, DescFile>();
  const symbols = new Map<string, DescFile>();
  const extensions = new Map<string, Map<number, DescFile>>();
  const messages = new Set<string>();
  for (const root of [...services.map((service) => service.file), ...extraFiles]) {
    for (const file of importsOf(root)) {
      if (files.has(file.proto.name)) continue;
      files.set(file.proto.name, file);
      for (const symbol of symbolsOf(file)) symbols.set(symbol, file);
      for (const message of messagesOf(file.messages)) messages.add(message.typeName);
      for (const extension of extensionsOf(file)) {
        const numbers = extensions.get(extension.extendee.typeName) ?? new Map<number, DescFile>();
        extensions.set(extension.extendee.typeName, numbers.set(extension.number, file));
      }
    }
  }
  const bytes = new Map<DescFile, Uint8Array>();
  return {
    services: services.map((service) => service.typeName).sort(),
    fileByName: (name) => files.get(name),
    fileOfSymbol: (symbol) => symbols.get(symbol.replace(/^\./, "")),
    fileOfExtension: (typeName, number) => extensions.get(typeName)?.get(number),
    extensionNumbers(typeName) {
      return messages.has(typeName) ? [...(extensions.get(typeName)?.keys() ?? [])] : undefined;
    },
    withImports: importsOf,
    bytesOf(file) {
      const known = bytes.get(file) ?? toBinary(FileDescriptorProtoSchema, file.proto);
      bytes.set(file, known);
      return known;
    },
  };
}

function importsOf(root: DescFile): readonly DescFile[] {
  const found = new Set<DescFile>();
  const visit = (file: DescFile) => {
    if (found.has(file)) return;
    found.add(file);
    for (const dependency of file.dependencies) visit(dependency);
  };
  visit(root);
  return [...found];
}

/** Walks the descriptor as it is served: the runtime's view of it hides the entries of maps, which clients may ask for. */
function* symbolsOf({ proto }: DescFile): Generator<string> {
  const scope = proto.package === "" ? "" : `${proto.package}.`;
  for (const message of proto.messageType) yield* messageSymbols(message, scope);
  for (const top of proto.enumType) yield* enumSymbols(top, scope);
  for (const extension of proto.extension) yield scope + extension.name;
  for (const service of proto.service) {
    yield scope + service.name;
    for (const method of service.method) yield `${scope}${service.name}.${method.name}`;
  }
}

function* messageSymbols(message: DescriptorProto, scope: string): Generator<string> {
  yield scope + message.name;
  const inner = `${scope}${message.name}.`;
  for (const field of message.field) yield inner + field.name;
  for (const oneof of message.oneofDecl) yield inner + oneof.name;
  for (const extension of message.extension) yield inner + extension.name;
  for (const nested of message.nestedType) yield* messageSymbols(nested, inner);
  for (const nested of message.enumType) yield* enumSymbols(nested, inner);
}

/** Values of an enum are named beside it, not under it. */
function* enumSymbols(desc: EnumDescriptorProto, scope: string): Generator<string> {
  yield scope + desc.name;
  for (const value of desc.value) yield scope + value.name;
}

function* messagesOf(messages: readonly DescMessage[]): Generator<DescMessage> {
  for (const message of messages) {
    yield message;
    yield* messagesOf(message.nestedMessages);
  }
}

function* extensionsOf(file: DescFile): Generator<DescExtension> {
  yield* file.extensions;
  for (const message of messagesOf(file.messages)) yield* message.nestedExtensions;
}
