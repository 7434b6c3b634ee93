import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";

const root = join(import.meta.dirname, "..", "..");
const deploy = join(root, "deploy", "prometheus");

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

const rules: Rule[] = parse(readFileSync(join(deploy, "rules.yml"), "utf8")).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);

/** The metrics that rules may ask for, each with its labels: the contract of the daemon, and Prometheus' own `up`. */
const contract: Record<string, readonly string[]> = {
  attuned_config_files_invalid: [],
  attuned_config_drift_detected: ["model", "phase", "kind", "evidence"],
  attuned_recommendation_state: ["model", "phase", "state"],
  attuned_optimizer_last_success_timestamp_seconds: [],
  attuned_store_writable: [],
  up: [],
};
const targetLabels = ["job", "instance"];

describe("rules.yml", () => {
  test("has the alerts that the operations guide promises", () => {
    expect(rules.map((rule) => rule.alert).sort()).toStrictEqual([
      "AttunedConfigDriftObserved",
      "AttunedConfigDriftOpen",
      "AttunedConfigFilesRefused",
      "AttunedDown",
      "AttunedLoopStalled",
      "AttunedRecommendationStateInvariant",
      "AttunedRecommendationWaiting",
      "AttunedStoreNotWritable",
    ]);
  });

  test.each(rules)("$alert asks only for metrics and labels of the contract", ({ expr }) => {
    const metrics = expr.match(/\battuned_\w+|\bup\b/g) ?? [];
    expect(metrics).toHaveLength(1);
    const labels = [...expr.matchAll(/(\w+)\s*!?=~?\s*"/g)].map((match) => match[1] ?? "");
    const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(", ") ?? [];
    for (const metric of metrics) {
      expect(contract).toHaveProperty(metric);
      for (const label of [...labels, ...grouped])
        expect([...(contract[metric] ?? []), ...targetLabels]).toContain(label);
    }
  });

  test.each(rules)(
    "$alert says what, how bad, and what to do",
    ({ alert, labels, annotations }) => {
      expect(["critical", "warning", "info"]).toContain(labels.severity);
      expect(annotations.summary).not.toBe("");
      expect(annotations.description).not.toBe("");
      expect(annotations.runbook_url).toBe(`docs/operations.md#${alert.toLowerCase()}`);
    },
  );

  test.each(rules)("$alert has its runbook, with meaning and remedy", ({ alert }) => {
    const guide = readFileSync(join(root, "docs", "operations.md"), "utf8");
    const section = guide.split(/^#{2,4} /m).find((part) => part.startsWith(`${alert}\n`));
    expect(section).toMatch(/\*\*Means\.\*\*/);
    expect(section).toMatch(/\*\*Do\.\*\*/);
  });

  test("default alerts leave observational drift to an alert that only informs", () => {
    const drift = rules.filter((rule) => rule.expr.includes("attuned_config_drift_detected"));
    const observational = drift.filter((rule) => rule.expr.includes('evidence="observational"'));
    expect(observational.map((rule) => rule.labels.severity)).toStrictEqual(["info"]);
    for (const rule of drift.filter((each) => !observational.includes(each)))
      expect(rule.expr).toContain('evidence!="observational"');
  });
});

const promtool = spawnSync("promtool", ["--version"], { encoding: "utf8" });
const missing = promtool.error !== undefined;
if (missing && process.env["CI"] !== "true")
  console.warn(
    "promtool is not on PATH (Debian: apt-get install prometheus): its checks are skipped",
  );

/** Runs promtool in the directory of the rules, so that their relative names hold. */
function check(...args: string[]): string {
  return execFileSync("promtool", args, { cwd: deploy, encoding: "utf8" });
}

// With CI=true the checks run, and fail, without promtool.
describe.skipIf(missing && process.env["CI"] !== "true")("promtool", () => {
  let scratch = "";
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "attuned-promtool-"));
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test("accepts the rules, lint included", () => {
    expect(check("check", "rules", "--lint=all", "--lint-fatal", "rules.yml")).toContain("8 rules");
  });

  test("passes the cases of rules_test.yml", () => {
    expect(check("test", "rules", "rules_test.yml")).toContain("SUCCESS");
  });

  test("accepts the scrape configuration for one machine", () => {
    expect(check("check", "config", "prometheus.yml")).toContain("is valid");
  });

  // Debian builds Prometheus without the discovery of Kubernetes. What remains is checked with targets that carry the
  // labels which that discovery sets; the discovery section itself is compared word by word.
  test("keeps the management port of pods with the label, and nothing else of a cluster", () => {
    const config = parse(readFileSync(join(deploy, "kubernetes.yml"), "utf8"));
    const [job] = config.scrape_configs;
    expect(job.kubernetes_sd_configs).toStrictEqual([{ role: "pod" }]);
    const { kubernetes_sd_configs: _, ...rest } = job;
    const pod = {
      __meta_kubernetes_namespace: "shop",
      __meta_kubernetes_pod_name: "agent-1",
      __meta_kubernetes_pod_phase: "Running",
      __meta_kubernetes_pod_labelpresent_attuned: "true",
      __meta_kubernetes_pod_container_port_name: "management",
    };
    const { __meta_kubernetes_pod_labelpresent_attuned: __, ...foreign } = pod;
    const targets = [
      { targets: ["10.0.0.1:8714"], labels: pod },
      {
        targets: ["10.0.0.1:8713"],
        labels: { ...pod, __meta_kubernetes_pod_container_port_name: "agents" },
      },
      { targets: ["10.0.0.2:8714"], labels: foreign },
      { targets: ["10.0.0.3:8714"], labels: { ...pod, __meta_kubernetes_pod_phase: "Failed" } },
    ];
    const file = join(scratch, "kubernetes.yml");
    writeFileSync(file, stringify({ scrape_configs: [{ ...rest, static_configs: targets }] }));
    expect(check("check", "config", file)).toContain("is valid");
    const found = JSON.parse(check("check", "service-discovery", "--timeout=1s", file, "attuned"));
    const kept = found
      .map((target: { labels: Record<string, string> }) => target.labels)
      .filter((labels: Record<string, string>) => Object.keys(labels).length > 0);
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({
      job: "attuned",
      instance: "10.0.0.1:8714",
      namespace: "shop",
      pod: "agent-1",
    });
  });
});
