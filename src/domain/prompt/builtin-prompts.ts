/** The types that every model has a text for. */
export const PROMPT_TYPES = ["system", "few_shot", "error_handling"] as const;
export type PromptType = (typeof PROMPT_TYPES)[number];

type Texts = Readonly<Record<PromptType, string>>;

const lines = (...all: readonly string[]): string => all.join("\n");

/** What models without a text of their own get. */
export const DEFAULT_PROMPTS: Texts = {
  system: lines(
    "You are {{role}}.",
    "",
    "Your task: {{task}}",
    "",
    "Work in small steps and check each result before the next step.",
    "Say so when you do not know something; do not invent facts.",
  ),
  few_shot: lines(
    "Here are examples of the task and of good answers:",
    "",
    "{{examples}}",
    "",
    "Answer the following in the same way:",
    "",
    "{{input}}",
  ),
  error_handling: lines(
    "The last step failed.",
    "",
    "Step: {{action}}",
    "Error: {{error}}",
    "",
    "Say in one sentence what most likely caused the error. Then propose one changed step that",
    "avoids it, or say that the task cannot go on and what is missing.",
  ),
};

const TOOL_SYSTEM = lines(
  "You are {{role}}.",
  "",
  "Your task: {{task}}",
  "",
  "Tools that you may call: {{tools}}",
  "",
  "Plan before you act. Call a tool only when its result changes what you do next, and read the",
  "result before you go on. When the task is done, answer without calling a tool.",
);

const withSystem = (system: string): Texts => ({ ...DEFAULT_PROMPTS, system });

const CLAUDE: Texts = {
  system: lines(
    "You are {{role}}.",
    "",
    "<task>",
    "{{task}}",
    "</task>",
    "<tools>",
    "{{tools}}",
    "</tools>",
    "",
    "Think about what the task needs before you act. Use a tool where it gives you a fact that you",
    "do not have. End with the answer alone, without the steps that led to it.",
  ),
  few_shot: lines(
    "The examples show the form and the depth that is expected; their content is not part of the task.",
    "",
    "<examples>",
    "{{examples}}",
    "</examples>",
    "",
    "<input>",
    "{{input}}",
    "</input>",
  ),
  error_handling: lines(
    "A step of your work failed.",
    "",
    "<step>",
    "{{action}}",
    "</step>",
    "<error>",
    "{{error}}",
    "</error>",
    "",
    "Name the most likely cause. Then either give one changed step that avoids it, or say plainly",
    "that the task cannot be finished and what would be needed.",
  ),
};

const REACT: Texts = {
  system: lines(
    "You are {{role}}. You solve the task in a strict loop of Thought, Action and Observation.",
    "",
    "Task: {{task}}",
    "",
    "Tools:",
    "{{tools}}",
    "",
    "In every turn write exactly these lines and then stop:",
    "Thought: what you know now and what is missing",
    "Action: the name of one tool from the list",
    "Action Input: the input of that tool",
    "",
    "The next message starts with Observation: and holds the result of the tool. Never write an",
    "Observation yourself. When you know the answer, write instead:",
    "Thought: I know the answer",
    "Final Answer: the answer",
  ),
  few_shot: lines(
    "Follow the form of these examples line by line, with Thought, Action, Action Input and Final Answer:",
    "",
    "{{examples}}",
    "",
    "Now the task:",
    "{{input}}",
    "Thought:",
  ),
  error_handling: lines(
    "Observation: the action failed.",
    "Action: {{action}}",
    "Error: {{error}}",
    "",
    "Continue the loop. Write one Thought about the cause, then one Action that is different from the",
    "failed one, then its Action Input. If no tool can help, write Final Answer: and say why.",
    "Thought:",
  ),
};

const CAREFUL: Texts = {
  system: lines(
    "You are {{role}}.",
    "",
    "There is exactly one task: {{task}}",
    "",
    "Rules:",
    "1. Do only this task. Do not add others.",
    "2. Use only these tools, one at a time: {{tools}}",
    "3. Write the result in exactly this form: {{output_format}}",
    "4. Before you answer, check that every part of that form is there.",
    "5. If information is missing, write MISSING: and name it. Do not guess.",
  ),
  few_shot: lines(
    "Study the examples. Each has an input and the one correct form of its output.",
    "",
    "{{examples}}",
    "",
    "Input:",
    "{{input}}",
    "",
    "Write only the output, in the form of the examples. No explanation before or after it.",
  ),
  error_handling: lines(
    "Your last step was wrong. Read all of this before you answer.",
    "",
    "The step: {{action}}",
    "The error: {{error}}",
    "The form that is expected: {{output_format}}",
    "",
    "Answer with exactly two lines:",
    "Cause: one sentence",
    "Next step: one step that does not repeat the error",
  ),
};

const GEMINI: Texts = withSystem(
  lines(
    "Role: {{role}}",
    "Task: {{task}}",
    "Tools: {{tools}}",
    "",
    "Read everything that is given, images and tables too, before you plan. State the plan in at most",
    "five short steps, carry it out with the tools, and end with the answer.",
  ),
);

const added = (base: string, ...more: readonly string[]): string => lines(base, ...more);

/** Texts of the eleven seed models; every other model has the default ones. */
const SEED_PROMPTS: ReadonlyMap<string, Texts> = new Map([
  ["gpt-4", withSystem(TOOL_SYSTEM)],
  [
    "gpt-4-turbo",
    withSystem(added(TOOL_SYSTEM, "Call tools that do not need each other's results at once.")),
  ],
  [
    "gpt-3.5-turbo",
    withSystem(
      added(TOOL_SYSTEM, "Keep each step small: one decision, then one tool call or answer."),
    ),
  ],
  [
    "claude-3-opus",
    {
      ...CLAUDE,
      system: added(
        CLAUDE.system,
        "Look at your result once more and correct it where it falls short.",
      ),
    },
  ],
  ["claude-3-sonnet", CLAUDE],
  [
    "claude-3-haiku",
    {
      ...CLAUDE,
      system: added(CLAUDE.system, "Be brief: take the shortest way that answers the task."),
    },
  ],
  ["glm-4", CAREFUL],
  ["llama-2", REACT],
  ["mistral", withSystem(added(TOOL_SYSTEM, "Answer in as few words as the task allows."))],
  ["gemini-pro", GEMINI],
  [
    "gemini-ultra",
    {
      ...GEMINI,
      system: added(GEMINI.system, "Check the answer against what was given before you end."),
    },
  ],
]);

/**
 * The text that comes with the program, for the first of a model's names that is a seed model's, else
 * the default one; undefined for a type of someone's own.
 */
export function builtinPrompt(names: readonly string[], type: string): string | undefined {
  const seed = names.find((name) => SEED_PROMPTS.has(name)) ?? "";
  const texts: Readonly<Record<string, string>> = SEED_PROMPTS.get(seed) ?? DEFAULT_PROMPTS;
  return Object.hasOwn(texts, type) ? texts[type] : undefined;
}
