import type { Violation } from "../kernel/fault.ts";

/** Characters of a template's text. Longer than any system prompt that was published. */
export const PROMPT_TEXT_LENGTH_MAX = 100_000;
/** Variables of one template. */
export const PROMPT_VARIABLES_MAX = 64;
/** Characters of one variable's value. */
export const PROMPT_VALUE_LENGTH_MAX = 100_000;
/** Characters of a filled text: a variable may be used many times. Room for one request's answer. */
export const PROMPT_RENDERED_LENGTH_MAX = 1_000_000;

/** A text to copy, or a variable to put in. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string };

/** A template that was read once; filling it looks at nothing but its parts. */
export type Template = {
  readonly parts: readonly TemplatePart[];
  /** Names of the variables, in order of their first use. */
  readonly variables: readonly string[];
};

export type ParsedTemplate =
  | { readonly kind: "template"; readonly template: Template }
  | { readonly kind: "invalid"; readonly violations: readonly Violation[] };

/**
 * An escaped or an opening pair of braces, with the variable that it should hold. Of three braces
 * in a row the last two open, so that JSON around a variable needs no escape.
 */
const PAIR = /\\\{\{|\{\{(?!\{)(?:[ \t]*(?<name>[A-Za-z_][A-Za-z0-9_]{0,63})[ \t]*\}\})?/g;
/** Broken places that are named one by one; a text with more has another problem. */
const PLACES_MAX = 20;

/**
 * Reads a template. `{{name}}` is a variable, spaces and tabs around the name are allowed, `\{{`
 * stands for a literal `{{`, and everything else is text. Nothing is a comment, a section, a path
 * or a partial. Invalid where the text is empty or too long, holds `{{` without a variable's name
 * (every place is listed, with line and column from 1), or has too many variables.
 */
export function parseTemplate(text: string): ParsedTemplate {
  if (text === "" || text.length > PROMPT_TEXT_LENGTH_MAX) {
    const message = `must have 1 to ${PROMPT_TEXT_LENGTH_MAX} characters, has ${text.length}`;
    return { kind: "invalid", violations: [{ field: "template.text", message }] };
  }
  const parts: TemplatePart[] = [];
  const variables = new Set<string>();
  const broken: number[] = [];
  let literal = "";
  let end = 0;
  for (const match of text.matchAll(PAIR)) {
    literal += text.slice(end, match.index);
    end = match.index + match[0].length;
    const name = match.groups?.["name"];
    if (match[0].startsWith("\\")) literal += "{{";
    else if (name === undefined) broken.push(match.index);
    else {
      if (literal !== "") parts.push({ kind: "text", text: literal });
      literal = "";
      parts.push({ kind: "variable", name });
      variables.add(name);
    }
  }
  literal += text.slice(end);
  if (literal !== "") parts.push({ kind: "text", text: literal });
  const violations = violationsOf(text, broken, variables.size);
  if (violations.length > 0) return { kind: "invalid", violations };
  return { kind: "template", template: { parts, variables: [...variables] } };
}

function violationsOf(text: string, broken: readonly number[], variables: number): Violation[] {
  const violations = broken.slice(0, PLACES_MAX).map((index) => {
    const lines = text.slice(0, index).split("\n");
    const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
    const message = `${place}: {{ opens no variable; write {{name}}, or \\{{ for the braces themselves`;
    return { field: "template.text", message };
  });
  if (variables > PROMPT_VARIABLES_MAX) {
    const message = `has ${variables} variables, at most ${PROMPT_VARIABLES_MAX} are allowed`;
    violations.push({ field: "template.text", message });
  }
  return violations;
}

export type FilledTemplate =
  | {
      readonly kind: "filled";
      readonly text: string;
      /** Variables that were given and not used, in the order in which they were given. */
      readonly unused: readonly string[];
    }
  /** Variables without a value, in order of their first use. */
  | { readonly kind: "missing"; readonly names: readonly string[] }
  /** Characters that the text would have. */
  | { readonly kind: "too-long"; readonly length: number };

/** Puts values in, in one pass: what a value holds is never read as a template. */
export function fillTemplate(
  template: Template,
  values: ReadonlyMap<string, string>,
): FilledTemplate {
  const names = template.variables.filter((name) => !values.has(name));
  if (names.length > 0) return { kind: "missing", names };
  const texts = template.parts.map((part) =>
    part.kind === "text" ? part.text : (values.get(part.name) ?? ""),
  );
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length > PROMPT_RENDERED_LENGTH_MAX) return { kind: "too-long", length };
  const used = new Set(template.variables);
  const unused = [...values.keys()].filter((name) => !used.has(name));
  return { kind: "filled", text: texts.join(""), unused };
}
