import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { readCallFailure, systemCodeOf } from "./errors.ts";

const place = { address: "http://127.0.0.1:8713", timeoutSeconds: 10 };

function refused(
  message: string,
  code: Code,
  reason: string,
  metadata: Record<string, string> = {},
): ConnectError {
  const error = new ConnectError(message, code);
  const value = { domain: "attuned", reason, metadata };
  error.details.push({ desc: ErrorInfoSchema, value });
  return error;
}

function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe("readCallFailure", () => {
  test("names the reason and the suggestions that the message lacks", () => {
    const error = refused('no config is known for "gpt-5x"', Code.NotFound, "MODEL_NOT_FOUND", {
      suggestions: "gpt-4, gpt-4o",
    });
    expect(readCallFailure(error, place)).toEqual({
      exitCode: 4,
      reason: "MODEL_NOT_FOUND",
      message: 'no config is known for "gpt-5x"; did you mean gpt-4, gpt-4o?',
      violations: [],
      retryAfterMs: undefined,
    });
  });

  test("finds the nearest of the known names, and lists them where none is near", () => {
    const known = "gpt-4,gpt-4-turbo,llama-2";
    const near = refused('"gpt-44" is unknown', Code.NotFound, "MODEL_NOT_FOUND", {
      model: "gpt-44",
      known,
    });
    expect(readCallFailure(near, place)?.message).toBe('"gpt-44" is unknown; did you mean gpt-4?');
    const far = refused('"x" is unknown', Code.NotFound, "MODEL_NOT_FOUND", { model: "x", known });
    expect(readCallFailure(far, place)?.message).toBe(
      '"x" is unknown; known: gpt-4, gpt-4-turbo, llama-2',
    );
  });

  test("does not say twice what the message says", () => {
    const error = refused("a must be 1; b must be 2", Code.InvalidArgument, "CONFIG_INVALID");
    const fieldViolations = [
      { field: "a", description: "must be 1" },
      { field: "b", description: "must be 2" },
    ];
    error.details.push({ desc: BadRequestSchema, value: { fieldViolations } });
    expect(readCallFailure(error, place)).toMatchObject({
      message: "the request breaks 2 rules",
      violations: ["a: must be 1", "b: must be 2"],
    });
    const single = refused("a must be 1", Code.InvalidArgument, "CONFIG_INVALID");
    single.details.push({
      desc: BadRequestSchema,
      value: { fieldViolations: fieldViolations.slice(0, 1) },
    });
    expect(readCallFailure(single, place)).toMatchObject({
      message: "a must be 1",
      violations: [],
    });
    const vague = refused("the config is invalid", Code.InvalidArgument, "CONFIG_INVALID");
    vague.details.push(...single.details.slice(1));
    expect(readCallFailure(vague, place)?.violations).toEqual(["a: must be 1"]);
  });

  test("lists every violation and how many were left out", () => {
    const error = refused("the config breaks rules", Code.InvalidArgument, "CONFIG_INVALID", {
      violationsOmitted: "3",
    });
    error.details.push({
      desc: BadRequestSchema,
      value: {
        fieldViolations: [
          { field: "config.phases[0].settings.temperature", description: "is above 2" },
          { field: "config.modelName", description: "is empty" },
        ],
      },
    });
    expect(readCallFailure(error, place)?.violations).toEqual([
      "config.phases[0].settings.temperature: is above 2",
      "config.modelName: is empty",
      "and 3 more",
    ]);
  });

  test("says when to try again", () => {
    const error = refused("the queue is full.", Code.ResourceExhausted, "QUEUE_FULL");
    error.details.push({
      desc: RetryInfoSchema,
      value: create(RetryInfoSchema, { retryDelay: { seconds: 2n, nanos: 500_000_000 } }),
    });
    expect(readCallFailure(error, place)).toMatchObject({
      message: "the queue is full; try again in 3 s",
      retryAfterMs: 2500,
    });
  });

  test("tells a connection that failed from an answer", () => {
    const unreachable = new ConnectError("x", Code.Unavailable, undefined, undefined);
    unreachable.cause = new Error("outer", { cause: systemError("ECONNREFUSED") });
    expect(readCallFailure(unreachable, place)).toMatchObject({
      exitCode: 3,
      reason: "ECONNREFUSED",
      message:
        "nothing answers at http://127.0.0.1:8713; is the daemon running? start it with: attuned serve",
    });
    expect(readCallFailure(new ConnectError("busy", Code.Unavailable), place)).toMatchObject({
      exitCode: 4,
      reason: "UNAVAILABLE",
      message: "busy",
    });
  });

  test("takes a call that ran out of time for unreachable and one given up for failed", () => {
    expect(readCallFailure(new ConnectError("", Code.DeadlineExceeded), place)).toMatchObject({
      exitCode: 3,
      reason: "DEADLINE_EXCEEDED",
      message: "no answer from http://127.0.0.1:8713 within 10 s; raise it with --timeout",
    });
    expect(readCallFailure(new ConnectError("", Code.Canceled), place)).toMatchObject({
      exitCode: 1,
      message: "interrupted",
    });
  });

  test("answers nothing for what is not the failure of a call", () => {
    expect(readCallFailure(new TypeError("bug"), place)).toBeUndefined();
  });
});

describe("systemCodeOf", () => {
  test("looks through causes and aggregates, also circular ones", () => {
    const aggregate = new AggregateError([systemError("ENOTFOUND")]);
    expect(systemCodeOf(new Error("x", { cause: aggregate }))).toBe("ENOTFOUND");
    const circular = new Error("x");
    circular.cause = circular;
    expect(systemCodeOf(circular)).toBeUndefined();
  });
});
