import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type Container,
  containersOf,
  daemonOf,
  type Manifest,
  manifest,
  manifestFiles,
  podOf,
  readManifests,
} from "./manifests.ts";
import { optionFlags, optionVariables } from "./options.ts";

const root = join(import.meta.dirname, "..", "..");
const project = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const sidecar = manifest("sidecar.yaml", "Deployment");
const standalone = manifest("standalone.yaml", "StatefulSet");
const podMonitor = manifest("podmonitor.yaml", "PodMonitor");
const services = readManifests("standalone.yaml").filter(({ kind }) => kind === "Service");
const workloads: [string, Manifest][] = [
  ["sidecar.yaml", sidecar],
  ["standalone.yaml", standalone],
];

/** The value of a flag in the arguments of a container. */
function flag(container: Container, name: string): string | undefined {
  return container.args?.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
}

function variable(container: Container, name: string): string | undefined {
  return container.env?.find((each) => each.name === name)?.value;
}

describe("every manifest", () => {
  test.each(manifestFiles)("%s leaves the namespace to whoever applies it", (file) => {
    for (const { metadata } of readManifests(file)) expect(metadata.namespace).toBeUndefined();
  });

  test("names one image, with the version of the project", () => {
    const images = workloads.map(([, workload]) => daemonOf(podOf(workload)).image);
    expect(new Set(images)).toStrictEqual(
      new Set([`registry.example.com/attuned:${project.version}`]),
    );
  });
});

describe.each(workloads)("the pod of %s", (_file, workload) => {
  const pod = podOf(workload);
  const daemon = daemonOf(pod);

  test("meets the restricted level of Pod Security", () => {
    expect(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC).toBeUndefined();
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: "RuntimeDefault" },
    });
    for (const { securityContext, ports, name } of containersOf(pod)) {
      expect(securityContext, name).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      });
      expect(securityContext).not.toHaveProperty("privileged");
      expect(securityContext?.capabilities).not.toHaveProperty("add");
      for (const port of ports ?? []) expect(port).not.toHaveProperty("hostPort");
    }
    for (const { name, ...source } of pod.volumes ?? [])
      expect(Object.keys(source), name).toStrictEqual(["emptyDir"]);
  });

  test("runs the daemon as the user of the image, on a root file system that is read-only", () => {
    expect(daemon.securityContext?.runAsUser ?? pod.securityContext?.runAsUser).toBe(65532);
    expect(pod.securityContext?.fsGroup).toBe(65532);
    expect(daemon.securityContext?.readOnlyRootFilesystem).toBe(true);
  });

  test("has no token of the cluster, which the daemon never calls", () => {
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  test("turns service links off, so that Kubernetes injects no ATTUNED_PORT", () => {
    expect(pod.enableServiceLinks).toBe(false);
  });

  test("starts `serve` with flags and variables that the daemon has", () => {
    expect(daemon.args?.[0]).toBe("serve");
    for (const arg of daemon.args?.slice(1) ?? [])
      expect(optionFlags).toContain(/^--([a-z-]+)=./.exec(arg)?.[1]);
    for (const { name } of daemon.env ?? [])
      if (name.startsWith("ATTUNED_")) expect(optionVariables).toContain(name);
  });

  test("lets agents report, and claims no authority", () => {
    expect(flag(daemon, "agents-role")).toBe("report");
    expect(daemon.args?.join(" ")).not.toContain("authority");
  });

  test("shows management to the pod's network, on the port that the probes ask", () => {
    const listen = flag(daemon, "management") ?? variable(daemon, "ATTUNED_MANAGEMENT");
    expect(listen).toBe("0.0.0.0:8714");
    const management = daemon.ports?.find(({ name }) => name === "management");
    expect(management?.containerPort).toBe(8714);
    const paths = [daemon.startupProbe, daemon.readinessProbe, daemon.livenessProbe].map(
      (probe) => {
        expect(probe?.httpGet.port).toBe("management");
        return probe?.httpGet.path;
      },
    );
    expect(paths).toStrictEqual(["/readyz", "/readyz", "/healthz"]);
  });

  test("has no preStop hook, which would end the daemon while agents need it", () => {
    expect(daemon.lifecycle).toBeUndefined();
  });

  test("asks for memory within its limit and has no limit on CPU", () => {
    expect(daemon.resources?.requests).toHaveProperty("cpu");
    expect(daemon.resources?.requests).toHaveProperty("memory");
    expect(Object.keys(daemon.resources?.limits ?? {})).toStrictEqual(["memory"]);
  });

  test("mounts a volume at the data directory, and declares every volume that it mounts", () => {
    expect(variable(daemon, "ATTUNED_DATA_DIR")).toBe("/var/lib/attuned");
    expect(daemon.volumeMounts?.map(({ mountPath }) => mountPath)).toContain("/var/lib/attuned");
    const claims = workload.spec.volumeClaimTemplates?.map(({ metadata }) => metadata.name);
    const declared = [...(pod.volumes ?? []).map(({ name }) => name), ...(claims ?? [])];
    for (const container of containersOf(pod))
      for (const { name } of container.volumeMounts ?? []) expect(declared).toContain(name);
  });

  test("is selected by its own labels and by the PodMonitor", () => {
    const labels = workload.spec.template?.metadata.labels ?? {};
    expect(labels).toMatchObject(workload.spec.selector?.["matchLabels"] ?? { missing: true });
    expect(podMonitor.spec.selector).toStrictEqual({
      matchExpressions: [{ key: "attuned", operator: "Exists" }],
    });
    expect(labels).toHaveProperty("attuned");
  });
});

describe("the sidecar", () => {
  const pod = podOf(sidecar);
  const daemon = daemonOf(pod);

  test("is native: an init container that is always restarted", () => {
    expect(pod.initContainers?.map(({ name }) => name)).toStrictEqual(["attuned"]);
    expect(daemon.restartPolicy).toBe("Always");
    for (const container of pod.containers) expect(container.restartPolicy).toBeUndefined();
  });

  test("gives the agents' port to its own pod only", () => {
    expect(flag(daemon, "listen")).toBe("127.0.0.1:8713");
    expect(daemon.ports?.map(({ containerPort }) => containerPort)).not.toContain(8713);
    for (const { env } of pod.containers)
      expect(env).toContainEqual({ name: "ATTUNED_ADDRESS", value: "http://127.0.0.1:8713" });
  });

  test("keeps its journal so small that the pod is not evicted for its disk", () => {
    const mount = daemon.volumeMounts?.find(({ mountPath }) => mountPath === "/var/lib/attuned");
    expect(pod.volumes).toContainEqual({ name: mount?.name, emptyDir: { sizeLimit: "1Gi" } });
    expect(Number(flag(daemon, "journal-size"))).toBeLessThanOrEqual(1024 / 4);
  });

  test("shares its socket with the agent in memory, and its data with nobody", () => {
    const socket = flag(daemon, "socket") ?? "";
    const mount = daemon.volumeMounts?.find(({ mountPath }) => socket.startsWith(`${mountPath}/`));
    expect(pod.volumes).toContainEqual({
      name: mount?.name,
      emptyDir: { medium: "Memory", sizeLimit: "1Mi" },
    });
    for (const { volumeMounts } of pod.containers)
      expect(volumeMounts?.map(({ name }) => name)).toStrictEqual([mount?.name]);
  });

  test("bounds its data on the node", () => {
    expect(pod.volumes).toContainEqual({ name: "attuned-data", emptyDir: { sizeLimit: "1Gi" } });
  });
});

describe("standalone", () => {
  const daemon = daemonOf(podOf(standalone));

  test("is one pod with one disk of its own", () => {
    expect(standalone.spec.replicas).toBe(1);
    expect(standalone.spec.volumeClaimTemplates?.map(({ spec }) => spec)).toMatchObject([
      { accessModes: ["ReadWriteOnce"] },
    ]);
  });

  test("is reached through a Service, and named by a headless one", () => {
    expect(services.map(({ metadata }) => metadata.name)).toStrictEqual([
      "attuned",
      standalone.spec.serviceName,
    ]);
    expect(services.map(({ spec }) => spec.clusterIP)).toStrictEqual([undefined, "None"]);
    const labels = standalone.spec.template?.metadata.labels ?? {};
    for (const { spec } of services) {
      expect(labels).toMatchObject(spec.selector ?? { missing: true });
      expect(spec.ports).toStrictEqual([{ name: "agents", port: 8713, targetPort: "agents" }]);
    }
    expect(flag(daemon, "listen")).toBe("0.0.0.0:8713");
    expect(daemon.ports).toContainEqual({ name: "agents", containerPort: 8713 });
  });

  test("allows every name of its Service, and no other", () => {
    const namespace = "$(POD_NAMESPACE)";
    expect(flag(daemon, "allowed-hosts")?.split(",")).toStrictEqual([
      "attuned",
      `attuned.${namespace}`,
      `attuned.${namespace}.svc`,
      `attuned.${namespace}.svc.cluster.local`,
    ]);
    expect(daemon.env).toContainEqual({
      name: "POD_NAMESPACE",
      valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } },
    });
  });

  test("has Services whose injected variables are no option of the daemon", () => {
    const injected = services.flatMap(({ metadata, spec }) => {
      const name = metadata.name.toUpperCase().replaceAll("-", "_");
      const ports = (spec.ports ?? []).flatMap(({ name: port, port: number }) => [
        `${name}_SERVICE_PORT_${port.toUpperCase()}`,
        ...["", "_PROTO", "_PORT", "_ADDR"].map((end) => `${name}_PORT_${number}_TCP${end}`),
      ]);
      return [`${name}_SERVICE_HOST`, `${name}_SERVICE_PORT`, `${name}_PORT`, ...ports];
    });
    expect(injected).toContain("ATTUNED_PORT");
    for (const name of injected) expect(optionVariables).not.toContain(name);
  });

  test("is open to labelled agents and to Prometheus only, and calls nobody", () => {
    const { spec } = manifest("standalone.yaml", "NetworkPolicy");
    expect(spec.podSelector).toStrictEqual(standalone.spec.selector);
    expect(spec.policyTypes).toStrictEqual(["Ingress", "Egress"]);
    expect(spec.egress).toStrictEqual([]);
    const client = { podSelector: { matchLabels: { "attuned-client": "true" } } };
    const [agents, prometheus, ...more] = spec.ingress ?? [];
    expect(more).toStrictEqual([]);
    expect(agents?.ports).toStrictEqual([{ port: "agents" }]);
    expect(agents?.from).toHaveLength(2);
    for (const source of agents?.from ?? []) expect(source).toMatchObject(client);
    expect(prometheus).toStrictEqual({
      from: [
        { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } },
      ],
      ports: [{ port: "management" }],
    });
  });
});

test("the PodMonitor scrapes the management port under the job that the alert rules ask for", () => {
  expect(podMonitor.spec.podMetricsEndpoints).toMatchObject([
    {
      port: "management",
      path: "/metrics",
      relabelings: [{ targetLabel: "job", replacement: "attuned" }],
    },
  ]);
});
