import { readConfigDirectory } from "../files/config-directory.ts";
import { problemText } from "../files/file-problem.ts";

/** What is wrong with a directory of operator files, one line each; or what it holds. */
export interface ConfigDirCheck {
  readonly problems: readonly string[];
  readonly summary: string;
}

/** Reads a directory of operator files as the daemon would, and puts nothing in force. */
export async function checkConfigDir(directory: string): Promise<ConfigDirCheck> {
  const { problems, configs, fileCount } = await readConfigDirectory(directory);
  return {
    problems: problems.map(problemText),
    summary: `${directory}: ${configs.size} model configs in ${fileCount} files are valid`,
  };
}
