import { loadBatches, loadStream } from "./load.ts";

// A process of its own for the load, so that neither the probe nor the one that tells of it wait for it.
const [kind, url = "", shape = "{}"] = process.argv.slice(2);
const load = kind === "stream" ? loadStream : loadBatches;
process.send?.(await load(url, JSON.parse(shape)), () => process.disconnect());
