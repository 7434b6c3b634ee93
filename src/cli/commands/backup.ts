import { resolve } from "node:path";
import { AdminService, BackupResponseSchema } from "../../gen/attuned/v1/admin_service_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { answer } from "../terminal/output.ts";

/** Copying a full store takes minutes on a slow disk. */
const TIMEOUT_SECONDS = 600;

export const backup: Command = {
  name: "backup",
  summary: "Copy the daemon's store to a directory on its machine, while it serves",
  usage: "DIR",
  example: "attuned backup /var/backups/attuned-2026-11-22",
  positionals: { names: ["DIR"], required: 1 },
  options: {},
  timeoutSeconds: TIMEOUT_SECONDS,
  async run(context) {
    const [directory = ""] = context.args.positionals;
    const service = (await context.connect()).service(AdminService);
    const response = await service.backup({ directory: resolve(directory) });
    answer(context, BackupResponseSchema, response, () => {
      const { entries, bytes, revision } = response;
      context.terminal.out(
        `${response.directory}: ${entries} entries, ${bytes} bytes, from revision ${revision}; attuned serve --data-dir starts on it`,
      );
    });
    return EXIT_CODE.ok;
  },
};
