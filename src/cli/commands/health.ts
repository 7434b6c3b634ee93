import {
  Health,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponse_ServingStatusSchema,
  HealthCheckResponseSchema,
} from "../../gen/health/v1/health_pb.ts";
import type { Command } from "../command.ts";
import { EXIT_CODE } from "../exit-code.ts";
import { answer } from "../terminal/output.ts";

export const health: Command = {
  name: "health",
  summary: "Ask whether the daemon is serving; made for probes",
  usage: "[--service NAME]",
  example: "attuned health --timeout 1",
  positionals: { names: [], required: 0 },
  options: {
    service: {
      type: "text",
      value: "NAME",
      help: "one service, for example attuned.v1.ConfigService (default: the whole daemon)",
    },
  },
  async run(context) {
    const { args, terminal } = context;
    const daemon = await context.connect();
    const response = await daemon.service(Health).check({ service: args.text("service") ?? "" });
    answer(context, HealthCheckResponseSchema, response, () => {
      const name =
        HealthCheckResponse_ServingStatusSchema.value[response.status]?.name ?? "UNKNOWN";
      terminal.out(name.toLowerCase());
    });
    const serving = response.status === HealthCheckResponse_ServingStatus.SERVING;
    return serving ? EXIT_CODE.ok : EXIT_CODE.failed;
  },
};
