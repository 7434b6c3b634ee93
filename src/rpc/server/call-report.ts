/** One finished call, for metrics and the access log. */
export interface CallReport {
  /** Full name of the service, `unknown` where the daemon has no such method. */
  readonly service: string;
  /** Name of the method, `unknown` where the daemon has no such method. */
  readonly method: string;
  /** Name of the gRPC status, `OK` included. */
  readonly code: string;
  /** From the headers of the request to the last message of the answer. */
  readonly seconds: number;
  /** `connect`, `grpc` or `grpc-web`. */
  readonly protocol: string;
  /** Name of the door the call came through. */
  readonly door: string;
  /** Name of the caller; empty where the call ended before the caller was known. */
  readonly caller: string;
}

export type CallObserver = (call: CallReport) => void;
