import type { CatalogSnapshot } from "../../src/domain/catalog/catalog.ts";
import type { ModelRow } from "../../src/domain/catalog/model-row.ts";
import type { PriceDispute } from "./assemble.ts";
import type { PinnedPackage } from "./packages.ts";

/** The snapshot as text: the head on one line, then one model per line, ordered by id. */
export function snapshotText(snapshot: CatalogSnapshot): string {
  const { models, ...head } = snapshot;
  const lines = models.map((row) => JSON.stringify(row)).join(",\n");
  return `${JSON.stringify(head).slice(0, -1)},"models":[\n${lines}\n]}\n`;
}

/** What a person has to look at before a new snapshot is committed. */
export function describeChange(
  before: readonly ModelRow[],
  after: readonly ModelRow[],
): readonly string[] {
  const old = new Map(before.map((row) => [row.id, row]));
  const now = new Map(after.map((row) => [row.id, row]));
  const lines: string[] = [];
  for (const id of now.keys()) if (!old.has(id)) lines.push(`added    ${id}`);
  for (const [id, row] of old) {
    const next = now.get(id);
    if (next === undefined) lines.push(`removed  ${id}`);
    else lines.push(...describeRow(row, next));
  }
  return lines;
}

function describeRow(row: ModelRow, next: ModelRow): readonly string[] {
  const lines: string[] = [];
  for (const [index, kind] of ["input", "output"].entries()) {
    const [from, to] = [row.usd?.[index], next.usd?.[index]];
    if (typeof from === "number" && typeof to === "number" && Math.abs(to - from) > from / 5) {
      lines.push(`price    ${row.id} ${kind} ${from / 1e6} to ${to / 1e6} USD per million`);
    }
  }
  if (next.ctx < row.ctx) lines.push(`lowered  ${row.id} context ${row.ctx} to ${next.ctx}`);
  if (next.out !== undefined && row.out !== undefined && next.out < row.out) {
    lines.push(`lowered  ${row.id} output ${row.out} to ${next.out}`);
  }
  const [life, nextLife] = [row.life ?? "current", next.life ?? "current"];
  if (life !== nextLife) lines.push(`life     ${row.id} ${life} to ${nextLife}`);
  return lines;
}

/** The text of catalog/SOURCES.md. */
export function sourcesText(
  pins: readonly PinnedPackage[],
  snapshot: CatalogSnapshot,
  disputes: readonly PriceDispute[],
): string {
  const packages = pins.map(
    (pin) =>
      `## ${pin.name} ${pin.version}\n\n- use: ${pin.use}\n- licence: ${pin.licence}\n` +
      `- content: \`${pin.integrity}\`\n- notice: ${pin.notice}\n`,
  );
  const rows = disputes.map(({ id, taken, other }) => `| ${id} | ${taken} | ${other} |`);
  return [
    "# Sources of the model catalog\n",
    "Written by `npm run catalog:update`; do not edit. Only facts (limits, prices, dates, flags)",
    "were taken, no code and no text. `catalog/overrides.yaml` corrects and completes them.\n",
    `Snapshot of ${snapshot.generatedOn}: ${snapshot.models.length} models.\n`,
    ...packages,
    "## Prices on which the sources differ\n",
    "USD per million tokens, input/output. The first is in the snapshot.\n",
    "| model | taken | other |\n| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
