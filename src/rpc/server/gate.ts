import type { HandlerContext } from "@connectrpc/connect";
import { ConnectError } from "@connectrpc/connect";
import { assert } from "../../domain/kernel/assert.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { FailureReporter } from "../errors.ts";
import { completeConnectError, connectErrorFrom, statusName } from "../errors.ts";
import type { CallObserver } from "./call-report.ts";
import type { Caller, TokenGrant } from "./caller.ts";
import { callerKey, doorKey, identifyCaller } from "./caller.ts";
import { leastRole, roleAllows } from "./roles.ts";

export interface GateOptions {
  readonly grants: readonly TokenGrant[];
  /** Says why no call may pass now, for example STARTING. Health and reflection always pass. */
  readonly closed: () => Fault | undefined;
  /** Ends a stream when the daemon goes down; see Admission. */
  readonly whenDraining: (end: (reason: ConnectError) => void) => () => void;
  readonly monotonicMs: () => number;
  readonly observe: CallObserver;
  readonly report: FailureReporter;
}

/** Methods that answer in every state of the daemon: their answers are about the state. */
const ALWAYS_OPEN = /^grpc\.(health|reflection)\./;

/** The reason of a signal whose call ended well. One for all calls: the default reason costs a stack trace per call. */
const CALL_ENDED = Object.assign(new Error("the call has ended"), { name: "AbortError" });

/**
 * What every call passes before its body is read: who calls, whether the daemon answers now, whether the role suffices. The
 * caller is left in the context values. It also arranges that the end of the call is seen, whatever ends it.
 */
export function createGate(options: GateOptions): (context: HandlerContext) => void {
  return (context) => {
    watchEnd(context, options);
    if (context.requestMethod === "GET") context.responseHeader.set("cache-control", "no-store");
    try {
      admit(context, options);
    } catch (failure) {
      throw connectErrorFrom(failure, options.report);
    }
  };
}

function admit(context: HandlerContext, options: GateOptions): void {
  const caller = identifyCaller(
    context.values.get(doorKey),
    context.requestHeader.get("authorization"),
    options.grants,
  );
  context.values.set(callerKey, caller);
  checkPassage(caller, { service: context.service.typeName, method: context.method.name }, options);
}

/** Whether a caller may call a method now. Errors: ROLE_REQUIRED, STARTING, DRAINING. */
export function checkPassage(
  caller: Caller,
  { service, method }: { readonly service: string; readonly method: string },
  { closed }: Pick<GateOptions, "closed">,
): void {
  const required = leastRole(service, method);
  assert(required !== undefined, "every registered method has a row in the table of roles");
  if (!roleAllows(caller.role, required)) {
    throw new Fault(
      "ROLE_REQUIRED",
      `${method} takes the role ${required}; ${caller.name} has the role ${caller.role} here. ` +
        "Use the admin socket or a token with that role",
      { metadata: { required, actual: caller.role } },
    );
  }
  const refusal = ALWAYS_OPEN.test(service) ? undefined : closed();
  if (refusal !== undefined) throw refusal;
}

/**
 * Connect's handlers call `abort` on the context exactly when a call ends, with the very error that they serialise next, and
 * for errors that they raise themselves before any interceptor runs as well (a body that cannot be parsed, one too large, an
 * unknown compression). That makes it the one place where every error can be given its reason and every call be counted.
 */
function watchEnd(context: HandlerContext, options: GateOptions): void {
  assert(endsByAbort(context), "Connect gives the gate the context that its handlers abort");
  const startedMs = options.monotonicMs();
  const { abort } = context;
  let open = true;
  const isUnary = context.method.methodKind === "unary";
  const forget = isUnary ? () => {} : options.whenDraining((reason) => context.abort(reason));
  context.abort = (reason) => {
    if (open) {
      open = false;
      forget();
      const code = reason === undefined ? "OK" : codeOfEnd(reason, context);
      options.observe({
        service: context.service.typeName,
        method: context.method.name,
        code,
        seconds: (options.monotonicMs() - startedMs) / 1000,
        protocol: context.protocolName,
        door: context.values.get(doorKey).name,
        caller: context.values.get(callerKey).name,
      });
    }
    abort(reason ?? CALL_ENDED);
  };
}

function codeOfEnd(reason: unknown, context: HandlerContext): string {
  if (!(reason instanceof ConnectError)) return context.signal.aborted ? "CANCELLED" : "INTERNAL";
  completeConnectError(reason);
  // Whatever error code a caller, or Node on its behalf, resets a stream with: nobody is there to read an answer.
  if (reason.rawMessage.startsWith("http/2 stream closed")) return "CANCELLED";
  if (context.requestMethod === "GET") context.responseHeader.set("cache-control", "no-store");
  return statusName(reason.code);
}

function endsByAbort(
  context: HandlerContext,
): context is HandlerContext & { abort: (reason?: unknown) => void } {
  return "abort" in context && typeof context.abort === "function";
}
