import type { ServiceImpl } from "@connectrpc/connect";
import { versionPath } from "../../domain/config/version.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Engine } from "../../engine/engine.ts";
import { setLabel } from "../../engine/label-changes.ts";
import { pageOfRange } from "../../engine/page.ts";
import { type RollbackTarget, rollback } from "../../engine/rollback.ts";
import { deleteVersion, saveVersion } from "../../engine/version-changes.ts";
import { findVersion, labelsOf, type VersionSummary } from "../../engine/versions.ts";
import type { HistoryService, RollbackRequest } from "../../gen/attuned/v1/history_service_pb.ts";
import { ranges } from "../../store/keys.ts";
import { callerName } from "../request-fields.ts";
import { changeToWire } from "../wire/history.ts";
import { warningsToWire } from "../wire/resolution.ts";
import { versionToWire, wholeVersionToWire } from "../wire/version.ts";
import { pastModel } from "./past-model.ts";

/** Versions of model configs, the labels that point to them, and the way back. */
export function versionMethods(engine: Engine) {
  return {
    async saveConfigVersion(request, context) {
      const model = await pastModel(engine, request.model);
      const author = { reason: request.reason, changedBy: callerName(context) };
      const target = { model, version: request.version };
      const { record, isNew } = await engine.commit(saveVersion(target, author));
      return {
        version: record.version,
        contentHash: record.contentHash,
        revision: BigInt(record.revision),
        path: versionPath(model, record.version),
        created: isNew,
      };
    },
    async loadConfigVersion(request) {
      const model = await pastModel(engine, request.model);
      const record = await findVersion(engine.store, model, request.version);
      const labels = await labelsOf(engine.store, model);
      return { version: wholeVersionToWire(record, labels) };
    },
    async listConfigVersions(request) {
      const model = await pastModel(engine, request.model);
      const range = ranges.versionOrder(model);
      const page = await pageOfRange<VersionSummary>(engine.store, range, request, {
        keep: () => true,
      });
      const labels = await labelsOf(engine.store, model);
      return {
        versions: page.items.map((version) => versionToWire(version, labels)),
        nextPageToken: page.nextPageToken,
      };
    },
    async deleteConfigVersion(request, context) {
      const model = await pastModel(engine, request.model);
      const author = { reason: request.reason, changedBy: callerName(context) };
      const target = { model, version: request.version };
      const { revision } = await engine.commit(deleteVersion(target, author));
      return { revision: BigInt(revision) };
    },
    async setLabel(request, context) {
      const { label, version, expectedVersion, reason } = request;
      const model = await pastModel(engine, request.model);
      const author = { reason, changedBy: callerName(context) };
      const target = { model, label, version, expectedVersion };
      const moved = await engine.commit(setLabel(target, author));
      return {
        revision: BigInt(moved.revision),
        previousVersion: moved.previousVersion,
        served: moved.served,
        changes: moved.changes.map(changeToWire),
      };
    },
    async rollback(request, context) {
      const model = await pastModel(engine, request.model);
      const target = rollbackTarget(request);
      const { etag, reason } = request;
      const options = { etag, reason, changedBy: callerName(context) };
      const written = await engine.commit(rollback(model, target, options));
      return {
        revision: BigInt(written.revision),
        etag: written.etag,
        changes: written.changes.map(changeToWire),
        served: written.served,
        warnings: warningsToWire(written.warnings),
      };
    },
  } satisfies Partial<ServiceImpl<typeof HistoryService>>;
}

function rollbackTarget({ target }: RollbackRequest): RollbackTarget {
  switch (target.case) {
    case "version":
      return { kind: "version", version: target.value };
    case "revision":
      return { kind: "revision", revision: Number(target.value) };
    default: {
      const message = "name a version, a label or a revision";
      throw new Fault("REQUEST_MALFORMED", `${message} to go back to`, {
        violations: [{ field: "target", message }],
      });
    }
  }
}
