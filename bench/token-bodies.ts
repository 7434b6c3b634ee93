import { randomBytes } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import { OutcomeStatus } from "../src/gen/attuned/v1/outcome_pb.ts";
import { ReportOutcomesRequestSchema } from "../src/gen/attuned/v1/outcome_service_pb.ts";
import { call } from "../test/support/connect-json.ts";

/** 128 bits in hexadecimal, as most callers make their ids. */
const ID_BYTES = 16;
const ID_LENGTH = 2 * ID_BYTES;

const MODELS = ["gpt-4", "gpt-4o", "claude-3-opus", "gemini-pro"];
const PHASES = ["PHASE_PLANNING", "PHASE_EXECUTION"];
const TEMPERATURES = [0, 0.2, 0.4, 0.6, 0.8, 1];

/** Gives every scope several arms: an override for each value of an attribute that no statistics go by. */
export async function layOutArms(url: string): Promise<void> {
  for (const [variant, temperature] of TEMPERATURES.entries()) {
    await call(url, "HistoryService/PutOverride", {
      override: { selector: { variant: String(variant) }, settings: { temperature } },
      reason: "benchmark",
    });
  }
}

/** Tokens of the present minute, one for each arm of each scope. */
export async function freshTokens(url: string): Promise<readonly string[]> {
  const requests = MODELS.flatMap((model) =>
    PHASES.flatMap((phase) =>
      TEMPERATURES.map((_, variant) => ({
        ...{ model, phase },
        attributes: { variant: String(variant) },
      })),
    ),
  );
  const { results } = await call<{ results: { resolution: { decisionToken: string } }[] }>(
    url,
    "ConfigService/BatchResolveConfigs",
    { requests },
  );
  return results.map(({ resolution }) => resolution.decisionToken);
}

/** Bodies of a report whose outcomes carry tokens in turn and a random id each, which is written into one encoded request. */
export class TokenBodies {
  readonly #template: Uint8Array;
  readonly #places: readonly number[];

  constructor(batchSize: number, tokens: readonly string[]) {
    const ids = newIds(batchSize);
    const outcomes = ids.map((outcomeId, i) => ({
      outcomeId,
      decisionToken: tokens[i % tokens.length] ?? "",
      status: i % 50 === 0 ? OutcomeStatus.TIMEOUT : OutcomeStatus.OK,
      latencyMs: 300 + Math.round(4000 * Math.random() ** 3),
      inputTokens: 200 + Math.floor(3000 * Math.random()),
      outputTokens: 20 + Math.floor(900 * Math.random()),
      costUsd: Math.round(1e6 * Math.random()) / 1e8,
      finishReason: "stop",
      scores: { quality: Math.round(1000 * Math.random()) / 10 },
    }));
    this.#template = toBinary(
      ReportOutcomesRequestSchema,
      create(ReportOutcomesRequestSchema, { outcomes }),
    );
    const bytes = Buffer.from(this.#template);
    this.#places = ids.map((id) => bytes.indexOf(id, 0, "latin1"));
  }

  /** The next body. */
  next(): Buffer {
    const body = Buffer.from(this.#template);
    const ids = randomBytes(ID_BYTES * this.#places.length).toString("hex");
    for (const [index, place] of this.#places.entries())
      body.write(ids.slice(index * ID_LENGTH, (index + 1) * ID_LENGTH), place, "latin1");
    return body;
  }
}

function newIds(count: number): string[] {
  return Array.from({ length: count }, () => randomBytes(ID_BYTES).toString("hex"));
}
