import { connect } from "node:http2";
import { parentPort, workerData } from "node:worker_threads";
import { create, toBinary } from "@bufbuild/protobuf";
import { ResolveConfigRequestSchema } from "../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { unary } from "./load.ts";

// A thread of its own, so that the load beside it does not delay the clock: looks up at a steady pace until it is told to stop.
const { url, everyMs } = workerData as { url: string; everyMs: number };
const RESOLVE = "/attuned.v1.ConfigService/ResolveConfig";
const request = create(ResolveConfigRequestSchema, { model: "gpt-4", phase: Phase.EXECUTION });
const body = Buffer.from(toBinary(ResolveConfigRequestSchema, request));
const session = connect(url);
const latenciesMs: number[] = [];
const timer = setInterval(() => {
  const sentMs = performance.now();
  unary(session, RESOLVE, body)
    .then(() => latenciesMs.push(performance.now() - sentMs))
    .catch(() => latenciesMs.push(Number.POSITIVE_INFINITY));
}, everyMs);
parentPort?.once("message", () => {
  clearInterval(timer);
  session.close();
  parentPort?.postMessage(latenciesMs.toSorted((a, b) => a - b));
});
