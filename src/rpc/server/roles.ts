/** What a caller may do; each role may do what those before it may. */
export const ROLES = ["read", "report", "operate", "admin"] as const;
export type Role = (typeof ROLES)[number];

/**
 * The least role of every method of every service that any port serves. `read` looks, `report` also tells outcomes, `operate`
 * changes what is served, `admin` operates the daemon itself. A method that is not in the table cannot be registered.
 */
export const LEAST_ROLES: Readonly<Record<string, Readonly<Record<string, Role>>>> = {
  "attuned.v1.ConfigService": {
    ResolveConfig: "read",
    BatchResolveConfigs: "read",
    WatchConfigs: "read",
    GetLLMParams: "read",
  },
  "attuned.v1.ModelService": {
    ListModels: "read",
    GetModelConfig: "read",
    PutModelConfig: "operate",
    DeleteModelConfig: "operate",
    ListPhases: "read",
    ResolveModelName: "read",
    DetectCapabilities: "read",
    ValidateConfig: "read",
    GetPromptTemplate: "read",
    PutPromptTemplate: "operate",
    RenderPrompt: "read",
    GetEnvironmentConfig: "read",
    GetCatalogInfo: "read",
  },
  "attuned.v1.HistoryService": {
    GetCurrentConfig: "read",
    GetHistory: "read",
    RecordSnapshot: "operate",
    CompareConfigs: "read",
    SaveConfigVersion: "operate",
    LoadConfigVersion: "read",
    ListConfigVersions: "read",
    DeleteConfigVersion: "operate",
    SetLabel: "operate",
    Rollback: "operate",
    PutOverride: "operate",
    DeleteOverride: "operate",
    ListOverrides: "read",
    ExportConfigs: "read",
    ImportConfigs: "operate",
  },
  "attuned.v1.OutcomeService": {
    ReportOutcomes: "report",
    StreamOutcomes: "report",
    ReportFeedback: "report",
    GetMetrics: "read",
  },
  "attuned.v1.AnalysisService": {
    AnalyzeParameterImpact: "read",
    FindOptimalTemperature: "read",
    AnalyzeTokenEfficiency: "read",
    CompareModels: "read",
    AnalyzeCost: "read",
    AnalyzeChangeImpact: "read",
    GetImpactMetrics: "read",
    GetOptimalSettings: "read",
    DetectDrift: "read",
    ListDrifts: "read",
  },
  "attuned.v1.OptimizerService": {
    ListRecommendations: "read",
    GetRecommendation: "read",
    DismissRecommendation: "operate",
    GetLoopStatus: "read",
    RunLoop: "operate",
  },
  "attuned.v1.ExperimentService": {
    CreateVariant: "operate",
    CreateExperiment: "operate",
    GetExperiment: "read",
    ListExperiments: "read",
    StartExperiment: "operate",
    PauseExperiment: "operate",
    ConcludeExperiment: "operate",
    GetExperimentResults: "read",
  },
  "attuned.v1.AdminService": {
    GetStatus: "read",
    Backup: "admin",
  },
  "grpc.health.v1.Health": {
    Check: "read",
    Watch: "read",
    List: "read",
  },
  "grpc.reflection.v1.ServerReflection": { ServerReflectionInfo: "read" },
  "grpc.reflection.v1alpha.ServerReflection": { ServerReflectionInfo: "read" },
};

/** The least role that may call a method, or undefined where the table has no row for it. */
export function leastRole(service: string, method: string): Role | undefined {
  return LEAST_ROLES[service]?.[method];
}

/** Whether a caller with the role `actual` may do what takes the role `required`. */
export function roleAllows(actual: Role, required: Role): boolean {
  return ROLES.indexOf(actual) >= ROLES.indexOf(required);
}

/** The higher of two roles. */
export function higherRole(one: Role, other: Role): Role {
  return roleAllows(one, other) ? one : other;
}
