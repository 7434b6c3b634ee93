import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A running Prometheus that scrapes one target every second. */
export interface Prometheus extends AsyncDisposable {
  /** The value of each series that an instant query selects, by its labels without `job` and `instance`. */
  query(expression: string): Promise<readonly QueryResult[]>;
}

export interface QueryResult {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Starts Prometheus on a free port with a fresh directory, scraping `target` (HOST:PORT), and waits until it answers. */
export async function startPrometheus(program: string, target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "attuned-prometheus-"));
  const config = join(folder, "prometheus.yml");
  writeFileSync(
    config,
    `scrape_configs: [{job_name: attuned, scrape_interval: 1s, scrape_timeout: 1s, static_configs: [{targets: ["${target}"]}]}]\n`,
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    program,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exit = new Promise<void>((settle) => child.on("close", () => settle()));
  const dispose = async () => {
    child.kill("SIGKILL");
    await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
  for (let tries = 0; !(await isReady()); tries++) {
    if (tries === 300 || child.exitCode !== null) {
      await dispose();
      throw new Error(`Prometheus does not get ready: ${stderr}`);
    }
    await sleep(100);
  }
  return { query: (expression) => query(url, expression), [Symbol.asyncDispose]: dispose };
}

async function query(url: string, expression: string): Promise<readonly QueryResult[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const answer = (await response.json()) as {
    status: string;
    error?: string;
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (answer.status !== "success") throw new Error(`${expression}: ${answer.error}`);
  return answer.data.result.map(({ metric, value }) => {
    const { __name__: _, job: __, instance: ___, ...labels } = metric;
    return { labels, value: Number(value[1]) };
  });
}

/** Prometheus does not say which port it took where it may choose, so that one is looked for here. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const address = server.address();
  await new Promise((settle) => server.close(settle));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}
