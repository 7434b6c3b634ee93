import { describe, expect, test } from "vitest";
import { Phase, PhaseSchema } from "../gen/attuned/v1/phase_pb.ts";
import { enumValue, phaseOf, readPages, shortNames } from "./selectors.ts";

describe("phaseOf", () => {
  test("takes the short and the full name in any case, and dashes", () => {
    expect(phaseOf("error_recovery")).toBe(Phase.ERROR_RECOVERY);
    expect(phaseOf("error-recovery")).toBe(Phase.ERROR_RECOVERY);
    expect(phaseOf("PHASE_PLANNING")).toBe(Phase.PLANNING);
  });

  test("names the phases for anything else, zero included", () => {
    expect(() => phaseOf("exection")).toThrow(
      'PHASE is one of planning, execution, reflection, summarization, error_recovery, validation, not "exection", did you mean "execution"?',
    );
    expect(() => enumValue(PhaseSchema, "unspecified", "PHASE")).toThrow("PHASE is one of");
    expect(shortNames(PhaseSchema)).not.toContain("unspecified");
  });
});

describe("readPages", () => {
  const list = Array.from({ length: 2500 }, (_, index) => index);
  const read = async (pageSize: number, pageToken: string) => {
    const start = Number(pageToken || "0");
    const items = list.slice(start, start + pageSize);
    const next = start + items.length;
    return { items, nextPageToken: next < list.length ? String(next) : "" };
  };

  test("reads to the end", async () => {
    expect(await readPages(10_000, read)).toEqual({ items: list, nextPageToken: "" });
  });

  test("stops at the limit and says where to go on", async () => {
    expect(await readPages(1200, read)).toEqual({
      items: list.slice(0, 1200),
      nextPageToken: "1200",
    });
  });

  test("reads one page of an empty list", async () => {
    const empty = async () => ({ items: [], nextPageToken: "" });
    expect(await readPages(5, empty)).toEqual({ items: [], nextPageToken: "" });
  });
});
