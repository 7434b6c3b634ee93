// Reads the manifests of deploy/kubernetes as the tests need them: loosely typed documents, and the pods in them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

const folder = join(import.meta.dirname, "..", "..", "deploy", "kubernetes");

export const manifestFiles = ["sidecar.yaml", "standalone.yaml", "podmonitor.yaml"] as const;
export type ManifestFile = (typeof manifestFiles)[number];

export interface Probe {
  httpGet: { path: string; port: string };
}

export interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: unknown }[];
  ports?: { name: string; containerPort: number; hostPort?: number }[];
  restartPolicy?: string;
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  lifecycle?: unknown;
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: {
    allowPrivilegeEscalation?: boolean;
    readOnlyRootFilesystem?: boolean;
    privileged?: boolean;
    runAsUser?: number;
    capabilities?: { drop?: string[]; add?: string[] };
  };
  volumeMounts?: { name: string; mountPath: string }[];
}

export interface PodSpec {
  automountServiceAccountToken?: boolean;
  enableServiceLinks?: boolean;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  securityContext?: {
    runAsNonRoot?: boolean;
    runAsUser?: number;
    fsGroup?: number;
    seccompProfile?: { type: string };
  };
  initContainers?: Container[];
  containers: Container[];
  volumes?: ({ name: string } & Record<string, unknown>)[];
}

export interface ServicePort {
  name: string;
  port: number;
  targetPort: string;
}

/** A Kubernetes object of any kind in this project: each kind has some of these fields. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec: {
    replicas?: number;
    serviceName?: string;
    clusterIP?: string;
    selector?: Record<string, unknown>;
    ports?: ServicePort[];
    template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
    volumeClaimTemplates?: { metadata: { name: string }; spec: unknown }[];
    podSelector?: unknown;
    policyTypes?: string[];
    ingress?: { from: unknown[]; ports: { port: string }[] }[];
    egress?: unknown[];
    podMetricsEndpoints?: { port: string; path: string; relabelings?: unknown[] }[];
  };
}

/** Every document of a file. Throws on YAML that Kubernetes would refuse, duplicate keys among it. */
export function readManifests(file: ManifestFile): Manifest[] {
  return parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS();
  });
}

/** The one document of that kind. */
export function manifest(file: ManifestFile, kind: string): Manifest {
  const [found, ...more] = readManifests(file).filter((each) => each.kind === kind);
  if (found === undefined || more.length > 0) throw new Error(`${file}: not exactly one ${kind}`);
  return found;
}

export function podOf(workload: Manifest): PodSpec {
  const template = workload.spec.template;
  if (template === undefined) throw new Error(`${workload.kind} has no pod template`);
  return template.spec;
}

export function containersOf(pod: PodSpec): Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

/** The daemon's container in a pod, wherever it is declared. */
export function daemonOf(pod: PodSpec): Container {
  const found = containersOf(pod).find((container) => container.name === "attuned");
  if (found === undefined) throw new Error("no container named attuned");
  return found;
}
