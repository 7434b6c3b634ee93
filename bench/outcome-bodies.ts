import { create, toBinary } from "@bufbuild/protobuf";
import { OutcomeStatus } from "../src/gen/attuned/v1/outcome_pb.ts";
import { ReportOutcomesRequestSchema } from "../src/gen/attuned/v1/outcome_service_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";

const ID_DIGITS = 16;

/** Bodies of a report with ids of their own, made by writing digits into one encoded request: the load must not cost more than the daemon. */
export class OutcomeBodies {
  readonly #template: Uint8Array;
  readonly #places: readonly number[];
  #next: number;

  /** @param start the first id; those of a run follow one after the other. */
  constructor(batchSize: number, start: number) {
    const ids = Array.from({ length: batchSize }, (_, i) => String(i).padStart(ID_DIGITS, "0"));
    const outcomes = ids.map((id, i) => ({
      outcomeId: id,
      model: "gpt-4",
      phase: Phase.EXECUTION,
      settings: { temperature: (i % 8) / 10, maxTokens: 2000 },
      status: OutcomeStatus.OK,
      latencyMs: 800 + ((i * 37) % 900),
      inputTokens: 300 + (i % 200),
      outputTokens: 150,
      costUsd: 0.0012,
      finishReason: "stop",
      scores: { quality: (i * 7) % 101 },
    }));
    this.#template = toBinary(
      ReportOutcomesRequestSchema,
      create(ReportOutcomesRequestSchema, { outcomes }),
    );
    const text = Buffer.from(this.#template).toString("latin1");
    let from = 0;
    this.#places = ids.map((id) => {
      const place = text.indexOf(id, from);
      from = place + ID_DIGITS;
      return place;
    });
    this.#next = start;
  }

  /** The next body. */
  next(): Buffer {
    const body = Buffer.from(this.#template);
    for (const place of this.#places) {
      body.write(String(this.#next).padStart(ID_DIGITS, "0"), place, "latin1");
      this.#next += 1;
    }
    return body;
  }
}

/** A message in the frame that gRPC puts around it. */
export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
