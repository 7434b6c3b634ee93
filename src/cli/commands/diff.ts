import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ComparandSchema,
  CompareConfigsResponseSchema,
  HistoryService,
} from "../../gen/attuned/v1/history_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { UsageError } from "../failure.ts";
import { ATTRIBUTE_OPTION, attributesOf } from "../selectors.ts";
import { printChanges } from "../terminal/changes.ts";
import { answer } from "../terminal/output.ts";

const SNAPSHOT = "snapshot:";
const LIVE = "live:";

export const diff: Command = {
  name: "diff",
  summary: "Show what differs between two states of settings",
  usage: "A B, each MODEL | MODEL@VERSION | MODEL#REVISION | snapshot:ID",
  example: "attuned diff gpt-4@v1.0.0 gpt-4",
  positionals: { names: ["A", "B"], required: 2 },
  options: {
    ...ATTRIBUTE_OPTION,
  },
  async run(context) {
    const { args, terminal } = context;
    const attributes = attributesOf(args);
    const [a = "", b = ""] = args.positionals;
    const left = comparandOf(a, attributes);
    const right = comparandOf(b, attributes);
    const service = (await context.connect()).service(HistoryService);
    const response = await service.compareConfigs({ left, right });
    answer(context, CompareConfigsResponseSchema, response, () => {
      printChanges(terminal, response.differences, {
        before: a,
        after: b,
        empty: "nothing differs",
      });
    });
    return EXIT_CODE.ok;
  },
};

/**
 * One side: `gpt-4` is what is served now, `gpt-4@v1.0.0` a version or label, `gpt-4#17` a revision. A model whose own name holds
 * one of these marks is written `live:NAME`.
 */
export function comparandOf(
  text: string,
  attributes: Record<string, string>,
): MessageInitShape<typeof ComparandSchema> {
  const live = (model: string) => ({
    source: { case: "live" as const, value: { model, attributes } },
  });
  if (text.startsWith(LIVE)) return live(text.slice(LIVE.length));
  if (text.startsWith(SNAPSHOT)) {
    return { source: { case: "snapshotId", value: text.slice(SNAPSHOT.length) } };
  }
  const hash = text.lastIndexOf("#");
  const at = text.lastIndexOf("@");
  if (hash > 0 && hash > at) {
    const revision = text.slice(hash + 1);
    if (!/^\d{1,15}$/.test(revision))
      throw new UsageError(`a revision is a number, as in gpt-4#17, not "${revision}"`);
    const model = text.slice(0, hash);
    return { source: { case: "revision", value: { model, revision: BigInt(revision) } } };
  }
  if (at <= 0) return live(text);
  const version = text.slice(at + 1);
  if (version === "") throw new UsageError(`"${text}" names no version after the @`);
  return { source: { case: "version", value: { model: text.slice(0, at), version } } };
}
