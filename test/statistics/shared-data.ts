import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { gunzipSync } from "node:zlib";

const FOLDER = resolve(import.meta.dirname, "../../../shared/data");

/** Whether the known values and the replay data are on this machine. */
export const hasSharedData = existsSync(FOLDER);

if (!hasSharedData) {
  process.stderr.write("skipped: tests on ../shared/data, which is not on this machine\n");
}

/** The known values of statistics-fixtures.json. */
export function readFixtures(): Fixtures {
  return JSON.parse(readFileSync(resolve(FOLDER, "statistics-fixtures.json"), "utf8"));
}

/** The rows of a gzipped file of one JSON object a line under replay/. */
export function readReplay<Row>(name: string): Row[] {
  const text = gunzipSync(readFileSync(resolve(FOLDER, "replay", name))).toString("utf8");
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

/** One row of the temperature files. Quality is 0..100. */
export interface TemperatureRow {
  readonly model: string;
  readonly settings: { readonly temperature: number };
  readonly scores: { readonly quality: number };
  readonly unit: string;
  readonly labels: { readonly exam: string; readonly prompt: string };
}

/** One row of the model pairs: 1 where the model answered right. */
export interface ModelPairRow {
  readonly domain: string;
  readonly mixtral: 0 | 1;
  readonly gpt4: 0 | 1;
}

interface Fixtures {
  readonly m4: readonly {
    readonly z: "a" | "b";
    readonly m: number;
    readonly side: 1 | -1;
    readonly c: number;
    readonly lams: readonly number[];
    readonly power_sums: readonly [number, number, number, number];
    readonly logE: number;
    readonly log_bet_exact: number;
  }[];
  readonly m4_streams: { readonly a: readonly number[]; readonly b: readonly number[] };
  readonly kap4: Readonly<Record<string, number>>;
  readonly confseq_ref: { readonly bernoulli_ci_700_1000_05_100: readonly [number, number] };
  readonly srm_ssrm: Readonly<
    Record<
      "unit" | "agg",
      {
        readonly n: readonly number[];
        readonly p: readonly number[];
        readonly a: readonly number[];
        readonly ssrm_expected: number;
      }
    >
  >;
  readonly srm_imbalance: Readonly<Record<string, number>>;
  readonly ab_stream: {
    readonly A: readonly (0 | 1)[];
    readonly Y: readonly number[];
    readonly pi: number;
    readonly h: number;
    readonly centre: readonly number[];
    readonly u: readonly number[];
    readonly lam: readonly number[];
    readonly logW_plus: readonly number[];
    readonly logW_minus: readonly number[];
    readonly logE_plus: number;
    readonly logE_minus: number;
    readonly power_sums: readonly [number, number, number, number];
  };
  readonly harm_stream: {
    readonly A: readonly (0 | 1)[];
    readonly Y: readonly number[];
    readonly pi: number;
    readonly h: number;
    readonly tol: number;
    readonly centre_prior: readonly [number, number];
    readonly lam: readonly number[];
    readonly logW: readonly number[];
    readonly logE: number;
  };
  readonly cs_m4: {
    readonly n: number;
    readonly S: readonly [number, number, number, number];
    readonly C0: number;
    readonly lam: readonly number[];
    readonly alpha: number;
    readonly w_max: number;
    readonly cs_reviewed: readonly [number, number];
  };
  readonly esr: { readonly factors: readonly number[]; readonly M: readonly number[] };
  readonly ecusum: { readonly factors: readonly number[]; readonly M: readonly number[] };
  readonly ebh: {
    readonly E: readonly number[];
    readonly K: number;
    readonly alpha: number;
    readonly rejected_indices: readonly number[];
  };
  readonly time_to_answer: {
    readonly ratio: number;
    readonly two_sided_05: Readonly<Record<string, number>>;
    readonly two_sided_001: Readonly<Record<string, number>>;
  };
  readonly rw1: {
    readonly n: readonly number[];
    readonly mean: readonly number[];
    readonly sig2: number;
    readonly tau: number;
    readonly prior: readonly [number, number];
    readonly post_mean: readonly number[];
    readonly post_sd: readonly number[];
  };
  readonly shrink: Readonly<Record<"est" | "se" | "tau" | "out", number>>;
}
