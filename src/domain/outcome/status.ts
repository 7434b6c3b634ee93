/** How a call to a model ended, with its number in the proto enum and in stored records. */
export const OUTCOME_STATUSES = [
  { status: "ok", number: 1 },
  { status: "model_error", number: 2 },
  { status: "timeout", number: 3 },
  { status: "rate_limited", number: 4 },
  { status: "rejected_param", number: 5 },
  { status: "cancelled", number: 6 },
  { status: "not_used", number: 7 },
] as const;

export type OutcomeStatus = (typeof OUTCOME_STATUSES)[number]["status"];

const byNumber = new Map<number, OutcomeStatus>(OUTCOME_STATUSES.map((s) => [s.number, s.status]));
const byStatus = new Map<OutcomeStatus, number>(OUTCOME_STATUSES.map((s) => [s.status, s.number]));

/** The status of a number, undefined for 0 and unknown numbers. */
export function statusOfNumber(number: number): OutcomeStatus | undefined {
  return byNumber.get(number);
}

export function numberOfStatus(status: OutcomeStatus): number {
  return byStatus.get(status) ?? 0;
}

/** Whether a status counts in the success rate: CANCELLED and NOT_USED say nothing of the settings. */
export function countsForSuccess(status: OutcomeStatus): boolean {
  return status !== "cancelled" && status !== "not_used";
}

/** How a call ended, as far as its scores are concerned: CANCELLED and NOT_USED are idle. */
export type CallEnd = "ok" | "failed" | "idle";

export function callEndOf(status: OutcomeStatus): CallEnd {
  if (status === "ok") return "ok";
  return countsForSuccess(status) ? "failed" : "idle";
}
