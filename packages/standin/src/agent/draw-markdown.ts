import type { Output } from '../cli/output.ts';
import { createMarkdownStream, type MarkdownStream } from './markdown.ts';
import type { Weight } from './markdown-inline.ts';

const CODES: Readonly<Record<Weight, number>> = { bold: 1, dim: 2, italic: 3, underline: 4, strike: 9, code: 36 };

/** Looks as escape sequences; each run ends its own, so that nothing hangs over when an answer breaks off. */
export function drawnMarkdown(output: Output): MarkdownStream {
  const paint = (text: string, weights: readonly Weight[]): string =>
    text === '' || weights.length === 0
      ? text
      : `\u001B[${weights.map((one) => CODES[one]).join(';')}m${text}\u001B[0m`;
  const terminal = output.out as Output['out'] & { readonly columns?: number };
  return createMarkdownStream(paint, () => terminal.columns ?? 80);
}
