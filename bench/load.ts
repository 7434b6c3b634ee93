import { type ClientHttp2Session, connect, constants } from "node:http2";
import { framed, OutcomeBodies } from "./outcome-bodies.ts";

const REPORT = "/attuned.v1.OutcomeService/ReportOutcomes";
const STREAM = "/attuned.v1.OutcomeService/StreamOutcomes";

export interface LoadResult {
  readonly outcomes: number;
  readonly calls: number;
  readonly seconds: number;
  /** Milliseconds from sending a call to its answer, in order. */
  readonly latenciesMs: readonly number[];
}

/** How long to load, or how much to send. */
export type LoadEnd = { readonly seconds: number } | { readonly outcomes: number };

/** Sends batches over one connection, a number of them under way at once. Throws at the first call that is not answered with success. */
export async function loadBatches(
  url: string,
  shape: { batchSize: number; inFlight: number; start: number; end: LoadEnd },
): Promise<LoadResult> {
  const session = connect(url);
  const bodies = new OutcomeBodies(shape.batchSize, shape.start);
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  let calls = 0;
  const isOver = () =>
    "seconds" in shape.end
      ? performance.now() - startedMs >= shape.end.seconds * 1000
      : calls * shape.batchSize >= shape.end.outcomes;
  const worker = async () => {
    while (!isOver()) {
      calls += 1;
      const sentMs = performance.now();
      await unary(session, REPORT, bodies.next());
      latenciesMs.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: shape.inFlight }, worker));
  session.close();
  const seconds = (performance.now() - startedMs) / 1000;
  latenciesMs.sort((a, b) => a - b);
  return { outcomes: calls * shape.batchSize, calls, seconds, latenciesMs };
}

/** Sends one gRPC stream of messages at the pace that the daemon takes them. The time ends with its acknowledgement. */
export async function loadStream(
  url: string,
  shape: { batchSize: number; start: number; seconds: number },
): Promise<LoadResult> {
  const session = connect(url);
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: "POST",
    [constants.HTTP2_HEADER_PATH]: STREAM,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const ended = new Promise<string>((resolve, reject) => {
    stream.on("trailers", (trailers) => resolve(String(trailers["grpc-status"])));
    stream.on("error", reject);
    stream.resume();
  });
  const bodies = new OutcomeBodies(shape.batchSize, shape.start);
  const startedMs = performance.now();
  let calls = 0;
  while (performance.now() - startedMs < shape.seconds * 1000) {
    calls += 1;
    if (!stream.write(framed(bodies.next())))
      await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end();
  const status = await ended;
  const seconds = (performance.now() - startedMs) / 1000;
  session.close();
  if (status !== "0") throw new Error(`the stream ended with status ${status}`);
  return { outcomes: calls * shape.batchSize, calls, seconds, latenciesMs: [] };
}

/** A unary Connect call with a binary body; its answer's bytes. */
export function unary(session: ClientHttp2Session, path: string, body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: "POST",
      [constants.HTTP2_HEADER_PATH]: path,
      "content-type": "application/proto",
      "content-length": body.length,
    });
    const chunks: Buffer[] = [];
    let status = 0;
    stream.on("response", (headers) => {
      status = Number(headers[constants.HTTP2_HEADER_STATUS]);
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      const answer = Buffer.concat(chunks);
      if (status === 200) resolve(answer);
      else reject(new Error(`${path} answered ${status}: ${answer.toString("utf8")}`));
    });
    stream.end(body);
  });
}

/** The value that a share of sorted numbers does not exceed. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
