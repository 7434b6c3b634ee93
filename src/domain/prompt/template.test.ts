import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BUILTIN_MODELS } from "../config/builtin.ts";
import { builtinPrompt, PROMPT_TYPES } from "./builtin-prompts.ts";
import {
  fillTemplate,
  PROMPT_RENDERED_LENGTH_MAX,
  PROMPT_TEXT_LENGTH_MAX,
  PROMPT_VALUE_LENGTH_MAX,
  parseTemplate,
  type Template,
} from "./template.ts";

function template(text: string): Template {
  const parsed = parseTemplate(text);
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.violations));
  return parsed.template;
}

function fill(text: string, values: Record<string, string> = {}): string {
  const filled = fillTemplate(template(text), new Map(Object.entries(values)));
  if (filled.kind !== "filled") throw new Error(filled.kind);
  return filled.text;
}

describe("a template", () => {
  it.each([
    ["Hello {{name}}!", "Hello Ann!"],
    ["{{ name }}{{\tname}}", "AnnAnn"],
    ['{"a": {"b": "{{name}}"}}', '{"a": {"b": "Ann"}}'],
    ['{"a":{{{name}}}}', '{"a":{Ann}}'],
    ["\\{{name}}", "{{name}}"],
    ["\\{{{{name}}", "{{Ann"],
    ["single {name} and }} are text", "single {name} and }} are text"],
  ])("%j is filled to %j", (text, expected) => {
    expect(fill(text, { name: "Ann" })).toBe(expected);
  });

  it("names its variables in order of their first use", () => {
    expect(template("{{b}} {{a}} {{b}} \\{{c}}").variables).toEqual(["b", "a"]);
  });

  it("is filled in one pass: values are never read as templates", () => {
    const values = fc.string({ unit: fc.constantFrom("{", "}", "\\", "a", "b", " ") });
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(fill("<{{a}}|{{b}}>", { a, b })).toBe(`<${a}|${b}>`);
      }),
    );
  });

  it("that is plain text stands for itself", () => {
    const plain = fc.string({ minLength: 1 }).filter((text) => !text.includes("{{"));
    fc.assert(
      fc.property(plain, (text) => {
        expect(fill(text)).toBe(text);
      }),
    );
  });

  it("of any text is either invalid or filled when all its variables have values", () => {
    const braces = fc.string({
      minLength: 1,
      unit: fc.constantFrom("{", "}", "\\", "a", "1", " "),
    });
    fc.assert(
      fc.property(braces, (text) => {
        const parsed = parseTemplate(text);
        if (parsed.kind === "invalid") {
          expect(parsed.violations.length).toBeGreaterThan(0);
          return;
        }
        const values = new Map(parsed.template.variables.map((name) => [name, "v"]));
        expect(fillTemplate(parsed.template, values).kind).toBe("filled");
      }),
    );
  });

  it("lists every place where braces open no variable", () => {
    expect(parseTemplate("a {{x y}}\n\n  {{#if}} {{}}")).toEqual({
      kind: "invalid",
      violations: [
        { field: "template.text", message: expect.stringContaining("line 1, column 3:") },
        { field: "template.text", message: expect.stringContaining("line 3, column 3:") },
        { field: "template.text", message: expect.stringContaining("line 3, column 11:") },
      ],
    });
  });

  it("has bounds", () => {
    const many = Array.from({ length: 65 }, (_, index) => `{{v${index}}}`).join("");
    expect(parseTemplate(many).kind).toBe("invalid");
    expect(parseTemplate(many.slice(0, -7)).kind).toBe("template");
    expect(parseTemplate("").kind).toBe("invalid");
    expect(parseTemplate("x".repeat(PROMPT_TEXT_LENGTH_MAX)).kind).toBe("template");
    expect(parseTemplate("x".repeat(PROMPT_TEXT_LENGTH_MAX + 1)).kind).toBe("invalid");
  });
});

describe("filling", () => {
  it("lists all missing variables", () => {
    const filled = fillTemplate(template("{{b}} {{a}} {{c}}"), new Map([["a", ""]]));
    expect(filled).toEqual({ kind: "missing", names: ["b", "c"] });
  });

  it("reports what was given and not used", () => {
    const filled = fillTemplate(
      template("{{a}}"),
      new Map(Object.entries({ z: "", a: "1", y: "" })),
    );
    expect(filled).toEqual({ kind: "filled", text: "1", unused: ["z", "y"] });
  });

  it("stays within its bound", () => {
    const value = "x".repeat(PROMPT_VALUE_LENGTH_MAX);
    const uses = PROMPT_RENDERED_LENGTH_MAX / PROMPT_VALUE_LENGTH_MAX;
    expect(fill("{{a}}".repeat(uses), { a: value }).length).toBe(PROMPT_RENDERED_LENGTH_MAX);
    const longer = fillTemplate(template("{{a}}".repeat(uses + 1)), new Map([["a", value]]));
    expect(longer.kind).toBe("too-long");
  });
});

describe("the texts that come with the program", () => {
  it.each([...BUILTIN_MODELS.keys(), "any-other"])("A087: %s has one of every type", (model) => {
    for (const type of PROMPT_TYPES) {
      const text = builtinPrompt([model], type) ?? "";
      expect(template(text).variables.length).toBeGreaterThan(0);
    }
    expect(builtinPrompt([model], "toString")).toBeUndefined();
  });

  it("teach llama-2 the explicit ReAct pattern and glm-4 one task at a time", () => {
    const react = builtinPrompt(["llama-2"], "system") ?? "";
    for (const word of ["Thought:", "Action:", "Observation:", "Final Answer:"]) {
      expect(react).toContain(word);
    }
    expect(builtinPrompt(["glm-4"], "system")).toContain("exactly one task");
    expect(builtinPrompt(["gpt-4"], "system")).not.toContain("Observation");
  });
});
