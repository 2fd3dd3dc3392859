/** What is wrong with a secret's text, in words that do not repeat it; `undefined` when it can be used. */
export function keyProblem(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u001F\u007F]/.test(text)) return 'holds a line break or another control character inside';
  if (/[^\u0020-\u007E\u0080-\u00FF]/u.test(text)) return 'holds a character that no HTTP header can carry';
  return undefined;
}
