import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AnalysisService } from "../src/gen/attuned/v1/analysis_service_pb.ts";
import { ConfigService } from "../src/gen/attuned/v1/config_service_pb.ts";
import { ExperimentService } from "../src/gen/attuned/v1/experiment_service_pb.ts";
import { HistoryService } from "../src/gen/attuned/v1/history_service_pb.ts";
import { ModelService } from "../src/gen/attuned/v1/model_service_pb.ts";
import { OutcomeService } from "../src/gen/attuned/v1/outcome_service_pb.ts";

/** Clients of the daemon at ATTUNED_ADDRESS, else at its default address. */
const transport = createConnectTransport({
  baseUrl: process.env["ATTUNED_ADDRESS"] ?? "http://127.0.0.1:8713",
  httpVersion: "1.1",
});

export const configs = createClient(ConfigService, transport);
export const models = createClient(ModelService, transport);
export const history = createClient(HistoryService, transport);
export const outcomes = createClient(OutcomeService, transport);
export const analysis = createClient(AnalysisService, transport);
export const experiments = createClient(ExperimentService, transport);
