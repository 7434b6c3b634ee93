import { connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { GetLLMParamsRequestSchema } from "../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { unary } from "./load.ts";

/** What the probe found, in milliseconds, in order. */
export interface Probed {
  /** Lookups of the daemon. */
  readonly lookups: readonly number[];
  /** The same call to the null server: what the machine does to any call meanwhile. */
  readonly nulls: readonly number[];
}

// A process of its own, so that the load beside it does not delay its clock: calls at a steady pace until it is told to stop.
const PARAMS = "/attuned.v1.ConfigService/GetLLMParams";
const [url = "", nullUrl = "", everyMs = "5"] = process.argv.slice(2);
const request = create(GetLLMParamsRequestSchema, { model: "gpt-4", phase: Phase.EXECUTION });
const body = Buffer.from(toBinary(GetLLMParamsRequestSchema, request));
const lookups: number[] = [];
const nulls: number[] = [];

function prober(target: string, latenciesMs: number[]) {
  const session = connect(target);
  const probe = () => {
    const sentMs = performance.now();
    unary(session, PARAMS, body)
      .then(() => latenciesMs.push(performance.now() - sentMs))
      .catch(() => latenciesMs.push(Number.POSITIVE_INFINITY));
  };
  return { probe, close: () => session.close() };
}

const daemon = prober(url, lookups);
const nothing = prober(nullUrl, nulls);
let turn = 0;
const timer = setInterval(() => {
  turn += 1;
  if (turn % 2 === 0) daemon.probe();
  else nothing.probe();
}, Number(everyMs) / 2);
process.once("message", () => {
  clearInterval(timer);
  daemon.close();
  nothing.close();
  const inOrder = (values: readonly number[]) => values.toSorted((a, b) => a - b);
  const probed: Probed = { lookups: inOrder(lookups), nulls: inOrder(nulls) };
  process.send?.(probed, () => process.disconnect());
});
process.send?.("ready");
