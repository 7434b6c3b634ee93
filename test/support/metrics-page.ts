/** One series of a metrics page. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads /metrics of a management port. */
export async function readMetrics(managementUrl: string): Promise<readonly Sample[]> {
  return parseMetrics(await metricsText(managementUrl));
}

export async function metricsText(managementUrl: string): Promise<string> {
  const response = await fetch(`${managementUrl}/metrics`);
  if (response.status !== 200) throw new Error(`/metrics answered ${response.status}`);
  return response.text();
}

/** The value of the one series with a name and at least these labels. Errors where there is none or more than one. */
export function sampleValue(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  );
  const [only] = found;
  if (!only || found.length > 1) {
    throw new Error(`${found.length} series of ${name} ${JSON.stringify(labels)}`);
  }
  return only.value;
}

function parseMetrics(text: string): Sample[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!match) throw new Error(`not a series: ${line}`);
      const [, name = "", labels = "", value = ""] = match;
      return { name, labels: parseLabels(labels), value: numberOf(value) };
    });
}

function parseLabels(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(pairs.map(([, key = "", value = ""]) => [key, value]));
}

function numberOf(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text.toLowerCase() === "nan" ? Number.NaN : Number(text);
}
