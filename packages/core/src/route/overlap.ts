/** Shorter matches are chance: a continuation may well begin with the word the text ended on. */
const LEAST = 20;

/**
 * How many characters at the start of `next` repeat the end of `before`: the longest match of at least twenty that is
 * not itself one thing over and over (a ruled line, "ha ha ha"), where nobody can tell a repetition from more of it.
 */
export function leadingOverlap(before: string, next: string): number {
  const most = Math.min(before.length, next.length);
  for (let length = most; length >= LEAST; length--) {
    const start = next.slice(0, length);
    if (before.endsWith(start)) return isPeriodic(start) ? 0 : length;
  }
  return 0;
}

/** The same at most half its length further on. */
function isPeriodic(text: string): boolean {
  for (let period = 1; period <= text.length / 2; period++) if (text.startsWith(text.slice(period))) return true;
  return false;
}

/** The answer so far as an assistant turn to be continued; models refuse trailing white space there. */
export function withPrefill<T extends { readonly messages: readonly unknown[] }>(request: T, text: string): T {
  return { ...request, messages: [...request.messages, { role: 'assistant', content: text.trimEnd() }] };
}

const GO_ON =
  'Your previous message was cut off by a technical fault. Continue it exactly where it stops: write only what comes next, ' +
  'do not repeat any of it, do not apologise, do not comment on the interruption.';

/** The opt-in rung: the next model is shown what was delivered and asked to go on. */
export function withInstruction<T extends { readonly messages: readonly unknown[] }>(request: T, text: string): T {
  const tail = [
    { role: 'assistant', content: text.trimEnd() },
    { role: 'user', content: GO_ON },
  ];
  return { ...request, messages: [...request.messages, ...tail] };
}
