import { create, toJson } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RangeSchema } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { IntervalSchema } from "../../src/gen/attuned/v1/metrics_pb.ts";

test.each([RangeSchema, IntervalSchema])(
  "an end that is 0 is written in JSON: $typeName",
  (schema) => {
    expect(toJson(schema, create(schema, { low: 0, high: 1.3 }))).toStrictEqual({
      low: 0,
      high: 1.3,
    });
  },
);
