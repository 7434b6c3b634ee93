import { readFileSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { builtinCatalog } from "../domain/catalog/builtin-catalog.ts";
import { DEFAULT_DIMENSIONS } from "../domain/config/scope.ts";
import { DRIFT_THRESHOLD_DEFAULT } from "../domain/drift/config-drift.ts";
import { EXPERIMENTS_MAX, UNIT_RECORDS_MAX, UNITS_HELD_MAX } from "../domain/experiment/bounds.ts";
import { MODELS_MAX, OPEN_FINDINGS_MAX } from "../domain/kernel/limits.ts";
import { ClockSkews } from "../engine/clock-skews.ts";
import type { BoundUse, DaemonStatus } from "../engine/daemon-status.ts";
import { DriftWatch } from "../engine/drift-watch.ts";
import type { Engine } from "../engine/engine.ts";
import { fileRevision, reloadFiles, sourceDisagreements } from "../engine/file-changes.ts";
import { copyTokenKeys } from "../engine/token-keys.ts";
import { WatchHub } from "../engine/watch.ts";
import { ConfigFiles } from "../files/config-files.ts";
import { createDescriptorIndex } from "../gateway/descriptor-index.ts";
import { createHealthState, healthRoutes } from "../gateway/health.ts";
import { createManagementHandler } from "../gateway/management.ts";
import { reflectionRoutes } from "../gateway/reflection.ts";
import { createSeedRoutes, isSeedRoute } from "../gateway/seed-routes.ts";
import { Health } from "../gen/health/v1/health_pb.ts";
import { createMetrics } from "../metrics/metrics.ts";
import { Driver } from "../optimizer/driver.ts";
import { createMeasureImpact } from "../optimizer/tasks/measure-impact.ts";
import { createRecommendDriftReturn } from "../optimizer/tasks/recommend-drift-return.ts";
import { createTrimExperiments } from "../optimizer/tasks/trim-experiments.ts";
import { createWatchConfigDrift } from "../optimizer/tasks/watch-config-drift.ts";
import { createWatchOutcomeDrift } from "../optimizer/tasks/watch-outcome-drift.ts";
import { createWatchSourceDrift } from "../optimizer/tasks/watch-source-drift.ts";
import { createWeighExperiments } from "../optimizer/tasks/weigh-experiments.ts";
import type { Log } from "../platform/log.ts";
import type { Platform } from "../platform/platform.ts";
import { createAdmission } from "../rpc/server/admission.ts";
import type { TokenGrant } from "../rpc/server/caller.ts";
import { ANONYMOUS, type Door } from "../rpc/server/caller.ts";
import { type ConnectHandler, createConnectHandler } from "../rpc/server/connect-handler.ts";
import { createHostRule, guardHost, guardStreams } from "../rpc/server/host.ts";
import { EndpointError, type Listener, listen } from "../rpc/server/listener.ts";
import { type NodeHandler, pathOf } from "../rpc/server/node-http.ts";
import { createServices } from "../rpc/services.ts";
import { copyStore } from "../store/copy-store.ts";
import { SCHEMA_VERSION } from "../store/migrations.ts";
import { Lifecycle } from "./lifecycle.ts";
import { openEngine } from "./open-engine.ts";
import type { Options } from "./options.ts";
import { reloadTokenKeys, tokenKeysOf } from "./token-key-source.ts";
import { VERSION } from "./version.ts";

/** Longest time between two checkpoints of the journal, in milliseconds. */
const CHECKPOINT_INTERVAL_MS = 10_000;
/** For each step of the way down, in milliseconds: all of them together stay below Kubernetes' default grace period of 30 s. */
const STOP_STEP_MS = 5_000;
/** Between readiness off and the end of streams, in milliseconds: watchers of health hear of the one before the other. */
const DRAIN_NOTICE_MS = 100;

/** The running daemon. */
export interface App {
  readonly agentsUrl: string;
  readonly managementUrl: string;
  readonly revision: number;
  /** Reads the operator files again. */
  reload(): Promise<void>;
  /** Drains: readiness off, streams ended, calls in flight finished, journal flushed, store closed. Answers what failed. */
  stop(): Promise<readonly Error[]>;
}

/**
 * Wires the daemon in one straight line, in the order in which parts need each other; what is up when a later step fails is taken
 * down again. Errors: StoreOpenError, PortInUseError, EndpointError, OptionsError.
 */
export async function startApp(options: Options, platform: Platform): Promise<App> {
  const lifecycle = new Lifecycle(platform.log, platform.timers);
  try {
    return await wire(options, platform, lifecycle);
  } catch (error) {
    await lifecycle.stop(STOP_STEP_MS);
    throw error;
  }
}

async function wire(options: Options, platform: Platform, lifecycle: Lifecycle): Promise<App> {
  const { log, clock } = platform;
  if (options.isAgentsRoleAssumed) {
    log.warn("every caller on the agents' port is an admin; set --agents-role to restrict them", {
      listen: options.listen.host,
    });
  }
  for (const { message } of options.environment.warnings) log.warn("environment", { message });
  const grants = options.tokensFile ? await readTokenGrants(options.tokensFile) : [];

  const files = options.configDir ? await ConfigFiles.open(options.configDir, platform) : undefined;
  const { engine, damage, beforeClose, afterClose } = await openEngine({
    dataDir: options.dataDir,
    loadTokenKeys: () => tokenKeysOf(options, platform),
    platform,
    options: {
      dimensions: DEFAULT_DIMENSIONS,
      catalog: builtinCatalog(),
      environment: options.environment,
      files: files?.configs ?? new Map(),
      label: options.label,
      checkpointIntervalMs: CHECKPOINT_INTERVAL_MS,
      journalBytesMax: options.journalBytesMax,
    },
  });
  lifecycle.onStop("engine's leftovers", afterClose);
  lifecycle.onStop("engine", () => engine.close());
  lifecycle.onStop("snapshot of the configs", beforeClose);
  const watches = new WatchHub({ lookups: engine.lookups, clock, timers: platform.timers });
  engine.onCommit((committed) => watches.committed(committed));
  if (files) {
    files.start(fileRevision(engine.state.config), (configs) =>
      engine.commit(reloadFiles(configs)),
    );
    lifecycle.onStop("config files", () => files.close());
  }

  const loop = new Driver({
    engine,
    platform,
    tasks: [
      // First, so that what it claims is known to the tasks after it.
      createWeighExperiments(engine),
      createTrimExperiments(engine),
      createWatchConfigDrift(engine),
      createWatchOutcomeDrift(engine, new DriftWatch(engine)),
      createWatchSourceDrift(engine),
      createRecommendDriftReturn(engine),
      createMeasureImpact(engine, (correlations) => metrics.impact.measured(correlations)),
    ],
    options: { intervalMs: options.loopIntervalMs, driftThreshold: DRIFT_THRESHOLD_DEFAULT },
  });
  lifecycle.onStop("loop", () => loop.stop());

  const storeSizeBytes = () => directorySize(join(options.dataDir, "store"));
  let bootSeconds = 0;
  const metrics = createMetrics(engine, {
    version: VERSION,
    nodeVersion: process.version,
    storeSizeBytes,
    journal: () => engine.outcomes.measures(),
    loop: () => loop.status(),
    bounds: () => boundsInUse(engine, watches),
    watches: () => watches,
    files: () => files?.status,
    bootSeconds: () => bootSeconds,
  });
  const clockSkews = new ClockSkews({
    clock,
    log,
    onSkewed: (outcome) => metrics.outcomes.skewed(outcome),
  });
  engine.onOutcome((outcome) => {
    metrics.outcomes.counted(outcome);
    clockSkews.counted(outcome);
  });
  engine.onCommit(({ changes, recommendations }) => {
    metrics.config.changed(changes);
    for (const { state } of recommendations) metrics.findings.transitioned(state);
  });
  loop.start();

  const services = createServices({
    engine,
    loop,
    watches,
    clock,
    timers: platform.timers,
    onResolved: (resolution) => metrics.config.resolved(resolution),
    onContextTight: () => metrics.config.contextTight(),
    onReported: (tally) => metrics.outcomes.reported(tally),
    onTooFarAhead: ({ producerId, outcomeId }, ms) =>
      clockSkews.note({ kind: "refused", ms, producerId, outcomeId }),
    status: async () =>
      statusOf(engine, options, {
        uptimeSeconds: clock.monotonicMs() / 1000,
        storeSizeBytes: await storeSizeBytes(),
        bounds: boundsInUse(engine, watches),
        files: files?.status,
        storeProblem: damage ?? problemOf(engine),
        clockSkew: clockSkews.status,
      }),
    backup: async (directory) => {
      const copied = await copyStore(engine.store, directory);
      await copyTokenKeys(options.dataDir, directory);
      return copied;
    },
  });
  const health = createHealthState();
  const admission = createAdmission();
  const handler = createConnectHandler({
    platform,
    grants,
    admission,
    observe: metrics.call,
    hotCalls: services.hotCalls,
    routes(router) {
      services.routes(router);
      healthRoutes(health, services.names)(router);
      reflectionRoutes(createDescriptorIndex([...services.descriptors, Health]))(router);
    },
  });

  const hosts = createHostRule({ allowedHosts: options.allowedHosts, hostName: hostname() });
  const door = (name: string, role: Door["role"], identity = ANONYMOUS): Door => ({
    name,
    role,
    identity,
  });

  const management = createManagementHandler({
    health,
    // Lookups are answered whatever becomes of the store: it is shown, and takes nobody out of rotation.
    checks: () => [storeCheck(damage ?? problemOf(engine))],
    metrics: () => metrics.page(),
    rpc: handler.through(door("management", "read")),
    log,
  });
  const managementListener = await listen(options.management, {
    handler: guardHost(hosts, management),
    platform,
  });
  // Stopped after the agents' listeners, so that probes and scrapes are answered while calls finish.
  lifecycle.onStop("management", () => closeAll([managementListener]));
  const listeners: Listener[] = [];
  lifecycle.onStop("listeners", () => {
    admission.drain();
    return closeAll(listeners);
  });
  lifecycle.onStop("readiness", () => {
    health.become("draining");
    return new Promise((resolve) => platform.timers.after(DRAIN_NOTICE_MS, resolve));
  });
  const agentsDoor = door("agents", options.agentsRole);
  const agents = await listen(options.listen, {
    handler: guardHost(hosts, throughRoutes(handler, agentsDoor, log)),
    streams: guardStreams(hosts, handler.streams(agentsDoor)),
    platform,
  });
  listeners.push(agents);
  if (options.socket) {
    const socketDoor = door("agents-socket", options.agentsRole);
    const through = throughRoutes(handler, socketDoor, log);
    const streams = handler.streams(socketDoor);
    listeners.push(
      await listen({ path: options.socket, mode: 0o660 }, { handler: through, streams, platform }),
    );
  }
  const admin = await listenForAdmins(
    join(options.dataDir, "admin.sock"),
    throughRoutes(handler, door("admin-socket", "admin", "admin"), log),
    platform,
  );
  if (admin) listeners.push(admin);

  admission.open();
  health.become("serving");
  engine.outcomes.loadIds().catch((cause) => log.error("outcome ids not read", { cause }));
  bootSeconds = clock.monotonicMs() / 1000;
  return {
    agentsUrl: agents.url,
    managementUrl: managementListener.url,
    revision: engine.state.config.revision,
    async reload() {
      await reloadTokenKeys(engine, options, platform);
      if (files) await files.reload();
      else log.info("no operator files to read again; --config-dir names their directory");
    },
    stop: () => lifecycle.stop(STOP_STEP_MS),
  };
}

/** Waits for the calls in flight, and cuts off what is left just before the step of the way down would count as failed. */
async function closeAll(listeners: readonly Listener[]): Promise<void> {
  await Promise.all(listeners.map((listener) => listener.close(STOP_STEP_MS - 500)));
}

/** The routes of the seed, and every RPC beside them. */
function throughRoutes(handler: ConnectHandler, door: Door, log: Log): NodeHandler {
  const rpc = handler.through(door);
  const routes = createSeedRoutes({
    callAs: (asker) => (method, message) => handler.call(door, method, message, asker),
    log,
  });
  return (request, response) =>
    isSeedRoute(pathOf(request)) ? routes(request, response) : rpc(request, response);
}

/** The operators' socket. A data directory whose path is too long for a socket is no reason not to serve. */
async function listenForAdmins(
  path: string,
  handler: Parameters<typeof listen>[1]["handler"],
  platform: Platform,
): Promise<Listener | undefined> {
  try {
    return await listen({ path, mode: 0o600 }, { handler, platform });
  } catch (error) {
    if (!(error instanceof EndpointError)) throw error;
    platform.log.warn("no admin socket; operators need a token", { reason: error.message });
    return undefined;
  }
}

async function readTokenGrants(path: string): Promise<readonly TokenGrant[]> {
  // The YAML parser is loaded where there is a file only.
  const { parseTokenGrants } = await import("./token-grants.ts");
  return parseTokenGrants(readFileSync(path, "utf8"), path);
}

/** Why the store takes no writes, or what it lost; empty while all is well. */
function problemOf(engine: Engine): string {
  const { failure } = engine.store;
  const { missing } = engine.outcomes.journal.measures;
  if (!failure && missing > 0)
    return `${missing} records of the outcome journal are missing: outcomes that were acknowledged are lost; see attuned store check`;
  if (!failure) return "";
  const why = failure.cause instanceof Error ? failure.cause.message : String(failure.cause);
  return `the disk takes no writes: ${why}`;
}

function storeCheck(problem: string) {
  return { name: "store", ok: true, detail: problem || "the store takes writes" };
}

function boundsInUse(engine: Engine, watches: WatchHub): BoundUse[] {
  return [
    { name: "stored_models", used: engine.state.config.stored.size, max: MODELS_MAX },
    { name: "watches", used: watches.size, max: watches.max },
    ...engine.outcomes.bounds(),
    { name: "experiments", used: engine.state.config.experiments.size, max: EXPERIMENTS_MAX },
    { name: "experiment_units", used: engine.experiments.held, max: UNITS_HELD_MAX },
    { name: "unit_records", used: engine.experiments.recorded, max: UNIT_RECORDS_MAX },
    { name: "open_drifts", used: engine.state.findings.drifts.size, max: OPEN_FINDINGS_MAX },
    {
      name: "live_recommendations",
      used: engine.state.findings.recommendations.size,
      max: OPEN_FINDINGS_MAX,
    },
  ];
}

function statusOf(
  engine: Engine,
  options: Options,
  measured: Pick<
    DaemonStatus,
    "uptimeSeconds" | "storeSizeBytes" | "bounds" | "files" | "storeProblem" | "clockSkew"
  >,
): DaemonStatus {
  const { checkpointAtMs, lag } = engine.outcomes.measures();
  return {
    version: VERSION,
    ...measured,
    storeId: engine.store.storeId,
    revision: engine.state.config.revision,
    journalLag: lag,
    checkpointAtMs: checkpointAtMs === 0 ? undefined : checkpointAtMs,
    label: engine.state.config.label,
    disagreements: sourceDisagreements(engine.state.config),
    agentsRole: options.agentsRole,
    nodeVersion: process.version,
    schemaVersion: SCHEMA_VERSION,
  };
}

/** Bytes of the files in a directory. LevelDB may remove one between the listing and the look: it counts as nothing. */
async function directorySize(path: string): Promise<number> {
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
