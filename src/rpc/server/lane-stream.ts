import type { ServerHttp2Stream } from "node:http2";
import type { LaneAnswer } from "./carrier.ts";
import type { FrameSource } from "./hot-call.ts";

/**
 * Sends what a source has, at the pace of its reader: the next frame is asked for once HTTP/2 took the one before, so that a reader that
 * does not read holds one frame and no more.
 */
export class LaneStream {
  readonly #stream: ServerHttp2Stream;
  readonly #source: FrameSource;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fail: (failure: unknown) => void;
  #trailers: LaneAnswer["trailers"];
  #hasBegun = false;
  #isOver = false;

  /** @param fail takes what the source fails with. */
  constructor(
    stream: ServerHttp2Stream,
    source: FrameSource,
    headers: Readonly<Record<string, string>>,
    fail: (failure: unknown) => void,
  ) {
    this.#stream = stream;
    this.#source = source;
    this.#headers = headers;
    this.#fail = fail;
  }

  /** Sends all there is now, and goes on when there is more. */
  readonly pump = (): void => {
    try {
      while (!this.#isOver && !this.#stream.closed) {
        const frame = this.#source.take();
        if (frame === undefined) {
          this.#source.onReady(this.pump);
          return;
        }
        if (!this.#hasBegun) this.#begin();
        if (!this.#stream.write(frame)) {
          this.#stream.once("drain", this.pump);
          return;
        }
      }
    } catch (failure) {
      this.#fail(failure);
    }
  };

  /** Lets go of the source. Nothing more is sent but the end. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#source.close();
  }

  /** Says how it ended, after all that was sent before. */
  end({ trailers }: LaneAnswer): void {
    if (this.#stream.closed || this.#stream.destroyed) return;
    this.#trailers = trailers;
    if (!this.#hasBegun) this.#begin();
    this.#stream.end();
  }

  #begin(): void {
    this.#hasBegun = true;
    this.#stream.respond({ ...this.#headers, ":status": 200 }, { waitForTrailers: true });
    this.#stream.once("wantTrailers", () => {
      if (!this.#stream.destroyed && !this.#stream.closed)
        this.#stream.sendTrailers({ ...this.#trailers });
    });
  }
}
