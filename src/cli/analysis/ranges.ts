import type { Range } from "../../gen/attuned/v1/analysis_pb.ts";
import { formatNumber } from "../terminal/format.ts";

/** A set of ranges in words: "0 to 1.2, 1.5"; empty without ranges. */
export function formatRanges(ranges: readonly Range[]): string {
  return ranges
    .map(({ low, high }) =>
      low === high ? formatNumber(low) : `${formatNumber(low)} to ${formatNumber(high)}`,
    )
    .join(", ");
}
