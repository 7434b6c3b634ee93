import type { ConnectRouter } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Evidence } from "../../src/gen/attuned/v1/analysis_pb.ts";
import { AnalysisService } from "../../src/gen/attuned/v1/analysis_service_pb.ts";
import { cli } from "./run.ts";

const daemon = ({ service }: ConnectRouter) => {
  service(AnalysisService, {
    analyzeCost: ({ usdPerQualityPoint }) => ({
      options: [
        {
          configId: "cfg-dear",
          model: "gpt-4",
          settings: { temperature: 0.7 },
          sampleSize: 630n,
          costPerRequest: 0.002,
          costInterval: { low: 0.00195, high: 0.00205 },
          avgQuality: 80,
          qualityInterval: { low: 78.2, high: 81.8 },
          costPerMonth: 12,
          onFront: false,
          dominatedBy: "cfg-cheap",
        },
        {
          configId: "cfg-cheap",
          model: "gpt-4",
          settings: { temperature: 0.2 },
          sampleSize: 420n,
          costPerRequest: 0.0005,
          costInterval: { low: 0.00048, high: 0.00052 },
          avgQuality: 82,
          qualityInterval: { low: 79.9, high: 84.1 },
          costPerMonth: 3,
          savingsPerMonth: 9,
          savingsInterval: { low: 8.1, high: 9.9 },
          onFront: true,
          ...(usdPerQualityPoint === undefined
            ? {}
            : {
                netBenefit: 77,
                netBenefitGain: 17,
                netBenefitGainInterval: { low: 12.3456, high: 21.6 },
              }),
        },
      ],
      evidence: Evidence.OBSERVATIONAL,
    }),
  });
};

test("analyze cost names what beats settings by its line, with every interval", async () => {
  const line = "analyze cost gpt-4 execution --usd-per-point 0.0001";
  const { code, stdout, stderr } = await cli(line, { daemon });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("beaten by #2");
  expect(stdout).not.toContain("cfg-cheap");
  expect(stdout).toContain("0.00195 to 0.00205");
  expect(stdout).toContain("78.2 to 81.8");
  expect(stdout).toContain("8.1 to 9.9");
  expect(stdout).toMatch(/\+17\.0 +12\.3 to 21\.6/);
});

test("without the worth of a point there are no columns of net benefit", async () => {
  const { stdout } = await cli("analyze cost gpt-4 execution", { daemon });
  expect(stdout).not.toContain("NET BENEFIT");
  expect(stdout).toContain("--usd-per-point");
});
