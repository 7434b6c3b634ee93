import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { type ClientHttp2Session, connect } from "node:http2";
import { parseArgs } from "node:util";
import { create, toBinary } from "@bufbuild/protobuf";
import { GetLLMParamsRequestSchema } from "../src/gen/attuned/v1/config_service_pb.ts";
import { Phase } from "../src/gen/attuned/v1/phase_pb.ts";
import { startDaemon } from "../test/support/daemon.ts";
import { percentile } from "./load.ts";
import { framed } from "./outcome-bodies.ts";

/**
 * `npm run bench:lookups [-- --calls N] [-- --rounds N]`
 *
 * What a lookup costs on the fast lane and through Connect, against the same call to a server that does nothing: CPU of the server's
 * process per call, which other work on the machine disturbs least, and calls per second. Medians of interleaved rounds.
 */
const { values } = parseArgs({
  options: {
    calls: { type: "string", default: "8000" },
    rounds: { type: "string", default: "5" },
  },
});
const CALLS = Number(values.calls);
const ROUNDS = Number(values.rounds);
const IN_FLIGHT = 64;
const PATH = "/attuned.v1.ConfigService/GetLLMParams";
/** Linux counts CPU time in hundredths of a second. */
const TICK_US = 10_000;

const message = Buffer.from(
  toBinary(
    GetLLMParamsRequestSchema,
    create(GetLLMParamsRequestSchema, { model: "gpt-4", phase: Phase.EXECUTION }),
  ),
);
const json = Buffer.from('{"model":"gpt-4","phase":"PHASE_EXECUTION"}');

/** CPU that a process has taken so far, in microseconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

function call(session: ClientHttp2Session, contentType: string, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      ":method": "POST",
      ":path": PATH,
      "content-type": contentType,
      te: "trailers",
    };
    const stream = session.request(headers);
    let trailer: unknown = "0";
    stream.on("trailers", (trailers) => {
      trailer = trailers["grpc-status"];
    });
    stream.on("response", ({ ":status": status }) => {
      if (status !== 200) reject(new Error(`answered ${status}`));
    });
    stream.on("error", reject);
    stream.on("end", () =>
      trailer === "0" ? resolve() : reject(new Error(`ended with status ${trailer}`)),
    );
    stream.resume();
    stream.end(body);
  });
}

interface Row {
  readonly name: string;
  readonly session: ClientHttp2Session;
  readonly pid: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly cpuUs: number[];
  readonly perSecond: number[];
}

async function round({ session, pid, contentType, body, cpuUs, perSecond }: Row): Promise<void> {
  const startedMs = performance.now();
  const startedUs = cpuOf(pid);
  let calls = 0;
  const worker = async () => {
    while (calls < CALLS) {
      calls += 1;
      await call(session, contentType, body);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  cpuUs.push((cpuOf(pid) - startedUs) / calls);
  perSecond.push((calls * 1000) / (performance.now() - startedMs));
}

const median = (numbers: readonly number[]) =>
  percentile(
    numbers.toSorted((a, b) => a - b),
    0.5,
  );

await using daemon = await startDaemon();
const nothing = fork(new URL("null-server.ts", import.meta.url));
const port = await new Promise<number>((resolve) =>
  nothing.once("message", (n) => resolve(Number(n))),
);
const toDaemon = { session: connect(daemon.agentsUrl), pid: daemon.pid };
const toNothing = { session: connect(`http://127.0.0.1:${port}`), pid: nothing.pid ?? 0 };
const grpc = framed(message);
const rows: Row[] = [
  {
    name: "a server that does nothing",
    ...toNothing,
    contentType: "application/proto",
    body: message,
  },
  { name: "gRPC", ...toDaemon, contentType: "application/grpc", body: grpc },
  // The lane leaves an unusual spelling to Connect, which takes it.
  { name: "gRPC through Connect", ...toDaemon, contentType: "application/GRPC", body: grpc },
  { name: "Connect JSON", ...toDaemon, contentType: "application/json", body: json },
  {
    name: "Connect JSON through Connect",
    ...toDaemon,
    contentType: "application/JSON",
    body: json,
  },
].map((row) => ({ ...row, cpuUs: [], perSecond: [] }));
for (const row of rows) await round(row);
for (const row of rows) {
  row.cpuUs.length = 0;
  row.perSecond.length = 0;
}
for (let done = 0; done < ROUNDS; done++) for (const row of rows) await round(row);
const base = median(rows[0]?.cpuUs ?? []);
process.stdout.write(
  `GetLLMParams, ${IN_FLIGHT} in flight, ${ROUNDS} rounds of ${CALLS} calls each, medians\n`,
);
for (const { name, cpuUs, perSecond } of rows) {
  const cpu = median(cpuUs);
  const columns = [
    cpu.toFixed(0),
    "us CPU",
    (cpu / base).toFixed(1),
    "x",
    median(perSecond).toFixed(0),
    "calls/s",
  ];
  process.stdout.write(
    `${name.padEnd(30)}${columns.map((column) => column.padStart(9)).join("")}\n`,
  );
}
for (const { session } of rows) session.close();
nothing.disconnect();
