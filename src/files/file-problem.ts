/** Something wrong with an operator file, and where. */
export interface FileProblem {
  /** Path below the directory; empty where it is about the directory itself. */
  readonly file: string;
  /** Line, from 1; 0 where it is about the whole file. */
  readonly line: number;
  /** Column, from 1; 0 where it is about the whole file. */
  readonly column: number;
  readonly message: string;
}

/** Problems that are kept of one load. A person mends the first ones first. */
export const FILE_PROBLEMS_MAX = 20;

/** A problem as compilers write it: `gpt-4.yaml:3:18: temperature must be …`. */
export function problemText({ file, line, column, message }: FileProblem): string {
  const place = [file, ...(line > 0 ? [line, column] : [])].filter((part) => part !== "").join(":");
  return place === "" ? message : `${place}: ${message}`;
}
