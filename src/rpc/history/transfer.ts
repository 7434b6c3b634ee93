import type { ServiceImpl } from "@connectrpc/connect";
import { exportDocument, readExportDocument } from "../../domain/export/export-document.ts";
import { Fault } from "../../domain/kernel/fault.ts";
import type { Engine } from "../../engine/engine.ts";
import { readExport } from "../../engine/export.ts";
import { importContent } from "../../engine/import-changes.ts";
import type { HistoryService } from "../../gen/attuned/v1/history_service_pb.ts";
import { callerName } from "../request-fields.ts";
import { warningsToWire } from "../wire/resolution.ts";
import { type ImportText, placed, readImportText } from "./import-text.ts";
import { pastModel } from "./past-model.ts";

/** Export and import of everything that people wrote. */
export function transferMethods(engine: Engine) {
  return {
    async exportConfigs(request) {
      const format = request.format === "" ? "yaml" : request.format;
      if (format !== "yaml" && format !== "json") {
        const message = `must be yaml or json, is ${JSON.stringify(format)}`;
        throw new Fault("FORMAT_INVALID", `format ${message}`, {
          violations: [{ field: "format", message }],
        });
      }
      const models = await Promise.all(request.models.map((model) => pastModel(engine, model)));
      const { content, revision } = await readExport(engine.store, models);
      return { content: await textOf(exportDocument(content), format), revision: BigInt(revision) };
    },
    async importConfigs(request, context) {
      const { content, validateOnly, reason } = request;
      const text = await readImportText(content);
      const result = await withLines(text, () => {
        const read = readExportDocument(text.value);
        if ("violations" in read) {
          throw new Fault("CONFIG_INVALID", "", { violations: read.violations });
        }
        const options = { reason, changedBy: callerName(context), validateOnly };
        return engine.commit(importContent(read.content, options));
      });
      return {
        revision: BigInt(result.revision),
        writtenCount: result.writtenCount,
        unchangedCount: result.unchangedCount,
        warnings: warningsToWire(result.warnings),
      };
    },
  } satisfies Partial<ServiceImpl<typeof HistoryService>>;
}

/** The same document is the same text: no line is folded, and keys stay in their order. */
async function textOf(document: unknown, format: "yaml" | "json"): Promise<string> {
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  const { stringify } = await import("yaml");
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

async function withLines<T>(text: ImportText, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Fault && error.reason === "CONFIG_INVALID" ? placed(error, text) : error;
  }
}
