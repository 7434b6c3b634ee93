/** Whether a text holds a character that terminals, logs or headers would act on: controls, and separators of lines and paragraphs. */
export function hasControlCharacter(text: string): boolean {
  return /[\p{Cc}\p{Zl}\p{Zp}]/u.test(text);
}
