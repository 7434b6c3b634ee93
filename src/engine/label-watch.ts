import { HEAD_LABEL } from "../domain/config/registry.ts";
import type { DriftFinding } from "../domain/drift/drift.ts";
import { type LabelledVersion, labelDrifts } from "../domain/drift/label-drift.ts";
import { keys, ranges } from "../store/keys.ts";
import type { LabelRecord, VersionRecord } from "./config-load.ts";
import type { Engine } from "./engine.ts";

/** The label whose versions are approved for everyone (seed decision X23 means them to be served). */
const APPROVING_LABEL = "production";

/** Labels in use that serve an older version than the newest approved one; none where the newest write is served. */
export async function labelFindings({
  store,
  state,
  dimensions,
}: Pick<Engine, "store" | "state" | "dimensions">): Promise<DriftFinding[]> {
  const inUse = state.config.label;
  if (inUse === HEAD_LABEL) return [];
  const findings: DriftFinding[] = [];
  for await (const [, own] of store.scan<LabelRecord>({ range: ranges.labels })) {
    if (own.label !== inUse) continue;
    const { model } = own;
    const serves = await store.json<VersionRecord>(keys.version(model, own.version));
    if (!serves) continue;
    const meant = await store.json<LabelRecord>(keys.label(model, APPROVING_LABEL));
    const approved = [
      ...(await givenVersions(store, own)),
      ...(meant && inUse !== APPROVING_LABEL ? await givenVersions(store, meant) : []),
    ];
    findings.push(...labelDrifts({ model, label: inUse, serves, approved }, dimensions));
  }
  return findings;
}

/** The versions that a label was given and that are still there. */
async function givenVersions(
  store: Engine["store"],
  { model, label, version, given = [version] }: LabelRecord,
): Promise<(LabelledVersion & { readonly by: string })[]> {
  const found: (LabelledVersion & { readonly by: string })[] = [];
  for (const name of given) {
    const record = await store.json<VersionRecord>(keys.version(model, name));
    if (record) found.push({ ...record, by: label });
  }
  return found;
}
