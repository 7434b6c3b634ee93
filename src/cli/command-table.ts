import type { CommandEntry } from "./command.ts";

/** What a group of commands does when only the group is named. */
export const GROUP_DEFAULT: Readonly<Record<string, string>> = {
  drift: "drift list",
  loop: "loop status",
  experiment: "experiment list",
  override: "override list",
  prompt: "prompt show",
  recommendations: "recommendations list",
};

/** All commands, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "serve", summary: "Run the daemon" },
  { name: "store", summary: "Check, export or repair the store of a daemon that is stopped" },
  { name: "keys", summary: "List, rotate or import the keys that decision tokens are sealed with" },
  { name: "config", summary: "Check or print the daemon's options and where each came from" },
  {
    name: "resolve",
    summary: "Show the settings that an agent gets for a model and a phase",
    load: async () => (await import("./commands/resolve.ts")).resolve,
  },
  {
    name: "watch",
    summary: "Print settings as they change, until interrupted",
    load: async () => (await import("./commands/watch.ts")).watch,
  },
  {
    name: "params",
    summary: "Print the parameter dict of a request, as JSON",
    load: async () => (await import("./commands/params.ts")).params,
  },
  {
    name: "models",
    summary: "List model configs, or show one",
    load: async () => (await import("./commands/models.ts")).models,
  },
  {
    name: "resolve-name",
    summary: "Explain what a model's name stands for",
    load: async () => (await import("./commands/resolve-name.ts")).resolveName,
  },
  {
    name: "catalog",
    summary: "Show where the facts of models come from and how old they are",
    load: async () => (await import("./commands/catalog.ts")).catalog,
  },
  {
    name: "validate",
    summary: "Check a model config as a write would, and write nothing",
    load: async () => (await import("./commands/validate.ts")).validate,
  },
  {
    name: "prompt show",
    summary: "Print a prompt template",
    load: async () => (await import("./commands/prompt.ts")).promptShow,
  },
  {
    name: "prompt put",
    summary: "Store a prompt template, or remove the stored one",
    load: async () => (await import("./commands/prompt.ts")).promptPut,
  },
  {
    name: "prompt render",
    summary: "Fill a prompt template",
    load: async () => (await import("./commands/prompt.ts")).promptRender,
  },
  {
    name: "put",
    summary: "Write the stored settings of a model, from a file or field by field",
    load: async () => (await import("./commands/put.ts")).put,
  },
  {
    name: "report",
    summary: "Report what happened in one call, or the outcomes of a file",
    load: async () => (await import("./commands/report.ts")).report,
  },
  {
    name: "feedback",
    summary: "Score a call that was reported, or a session, later",
    load: async () => (await import("./commands/feedback.ts")).feedback,
  },
  {
    name: "replay",
    summary: "Report a large file of outcomes, with progress and retries",
    load: async () => (await import("./commands/replay.ts")).replay,
  },
  {
    name: "metrics",
    summary: "Show how the settings of a model and a phase did",
    load: async () => (await import("./commands/metrics.ts")).metrics,
  },
  {
    name: "analyze",
    summary: "Show what settings, models, tokens and changes do to quality, cost and the rest",
    load: async () => (await import("./commands/analyze.ts")).analyze,
  },
  {
    name: "drift list",
    summary: "List recorded drifts",
    load: async () => (await import("./commands/drift.ts")).driftList,
  },
  {
    name: "drift detect",
    summary: "Compare what is served with the known optimum, now",
    load: async () => (await import("./commands/drift.ts")).driftDetect,
  },
  {
    name: "recommendations list",
    summary: "List recommendations",
    load: async () => (await import("./commands/recommendations.ts")).recommendationsList,
  },
  {
    name: "recommendations get",
    summary: "Show one recommendation with its reasons",
    load: async () => (await import("./commands/recommendations.ts")).recommendationsGet,
  },
  {
    name: "recommendations dismiss",
    summary: "Decline a recommendation",
    load: async () => (await import("./commands/recommendations.ts")).recommendationsDismiss,
  },
  {
    name: "history",
    summary: "List changes of settings, newest first",
    load: async () => (await import("./commands/history.ts")).history,
  },
  {
    name: "versions",
    summary: "List, save, show or delete the versions of a model's config",
    load: async () => (await import("./commands/versions.ts")).versions,
  },
  {
    name: "label",
    summary: "Point a label of a model to a version, or remove it",
    load: async () => (await import("./commands/label.ts")).label,
  },
  {
    name: "rollback",
    summary: "Bring an earlier content of a model's config back, as a new revision",
    load: async () => (await import("./commands/rollback.ts")).rollback,
  },
  {
    name: "diff",
    summary: "Show what differs between two states of settings",
    load: async () => (await import("./commands/diff.ts")).diff,
  },
  {
    name: "override list",
    summary: "List overrides and pins",
    load: async () => (await import("./commands/override.ts")).overrideList,
  },
  {
    name: "override put",
    summary: "Write an override or a pin; one with the same selector is replaced",
    load: async () => (await import("./commands/override.ts")).overridePut,
  },
  {
    name: "override delete",
    summary: "Remove an override or a pin",
    load: async () => (await import("./commands/override.ts")).overrideDelete,
  },
  {
    name: "export",
    summary: "Write stored configs, prompts, overrides, versions and labels as one text",
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "import",
    summary: "Bring in what export wrote, all of it or nothing",
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  {
    name: "experiment variant",
    summary: "Create a named set of changes for arms of experiments",
    load: async () => (await import("./commands/experiment.ts")).experimentVariant,
  },
  {
    name: "experiment create",
    summary: "Plan a comparison of settings, with a forecast of how long it takes",
    load: async () => (await import("./commands/experiment.ts")).experimentCreate,
  },
  {
    name: "experiment list",
    summary: "List experiments",
    load: async () => (await import("./commands/experiment.ts")).experimentList,
  },
  {
    name: "experiment get",
    summary: "Show one experiment and how its arms stand",
    load: async () => (await import("./commands/experiment.ts")).experimentGet,
  },
  {
    name: "experiment start",
    summary: "Start an experiment, or go on with a paused one",
    load: async () => (await import("./commands/experiment.ts")).experimentStart,
  },
  {
    name: "experiment pause",
    summary: "Stop enrolling; enrolled units keep their arm",
    load: async () => (await import("./commands/experiment.ts")).experimentPause,
  },
  {
    name: "experiment conclude",
    summary: "End an experiment: everyone is served control again",
    load: async () => (await import("./commands/experiment.ts")).experimentConclude,
  },
  {
    name: "experiment results",
    summary: "Show how the arms of an experiment do, and what to do about it",
    load: async () => (await import("./commands/experiment.ts")).experimentResults,
  },
  {
    name: "loop status",
    summary: "Show what the background loop does and did",
    load: async () => (await import("./commands/loop.ts")).loopStatus,
  },
  {
    name: "loop run",
    summary: "Run one pass of the background loop now",
    load: async () => (await import("./commands/loop.ts")).loopRun,
  },
  {
    name: "status",
    summary: "Show the state of the daemon and of its store",
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    name: "health",
    summary: "Ask whether the daemon is serving; made for probes",
    load: async () => (await import("./commands/health.ts")).health,
  },
  {
    name: "completion",
    summary: "Print the completion script of a shell",
    load: async () => (await import("./commands/completion.ts")).completion,
  },
  {
    name: "backup",
    summary: "Copy the daemon's store to a directory on its machine, while it serves",
    load: async () => (await import("./commands/backup.ts")).backup,
  },
];
