import { expect, test } from "vitest";
import { METRIC_PAIRS_MAX } from "../domain/kernel/limits.ts";
import { Pairs } from "./pairs.ts";

test("registered pairs have labels of their own up to the bound; each fold beyond it is counted", () => {
  let overflows = 0;
  const pairs = new Pairs(
    () => true,
    () => {
      overflows += 1;
    },
  );
  for (let i = 0; i < METRIC_PAIRS_MAX; i++)
    expect(pairs.labels(`m-${i}`, "planning")).toEqual({ model: `m-${i}`, phase: "planning" });
  expect(overflows).toBe(0);
  expect(pairs.labels("one-more", "planning")).toEqual({ model: "other", phase: "planning" });
  expect(pairs.labels("one-more", "execution")).toEqual({ model: "other", phase: "execution" });
  expect(overflows).toBe(2);
  expect(pairs.labels("m-0", "planning").model).toBe("m-0");
  expect([...pairs.all()]).toHaveLength(METRIC_PAIRS_MAX);
});

test("models that are not registered never get a label: callers cannot make series", () => {
  let overflows = 0;
  const pairs = new Pairs(
    (model) => model === "known",
    () => {
      overflows += 1;
    },
  );
  for (let i = 0; i < 1000; i++)
    expect(pairs.labels(`made-up-${i}`, "planning").model).toBe("other");
  expect(pairs.labels("known", "planning").model).toBe("known");
  expect([...pairs.all()].map(({ model }) => model)).toEqual(["known"]);
  expect(overflows).toBe(0);
});
