import type {
  DescEnum,
  DescExtension,
  DescFile,
  DescMessage,
  DescService,
} from "@bufbuild/protobuf";
import { toBinary } from "@bufbuild/protobuf";
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

function* symbolsOf(file: DescFile): Generator<string> {
  for (const message of messagesOf(file.messages)) {
    yield message.typeName;
    for (const field of message.fields) yield `${message.typeName}.${field.name}`;
    for (const oneof of message.oneofs) yield `${message.typeName}.${oneof.name}`;
    for (const nested of message.nestedEnums) yield* enumSymbols(nested, message.typeName);
  }
  for (const top of file.enums) yield* enumSymbols(top, file.proto.package);
  for (const extension of extensionsOf(file)) yield extension.typeName;
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
}

/** Values of an enum are named beside it, not under it. */
function* enumSymbols(desc: DescEnum, scope: string): Generator<string> {
  yield desc.typeName;
  for (const value of desc.values) yield scope === "" ? value.name : `${scope}.${value.name}`;
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
