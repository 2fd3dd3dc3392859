import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMarkdownStream } from '../src/agent/markdown.ts';
import { drawnMarkdown } from '../src/agent/draw-markdown.ts';
import { textPrinter } from '../src/agent/turn.ts';
import { createOutput } from '../src/cli/output.ts';

const MARK: Readonly<Record<string, string>> = {
  bold: 'B',
  italic: 'I',
  underline: 'U',
  strike: 'S',
  dim: 'D',
  code: 'C',
};

/** Looks as `{BI:text}`, pushed in pieces of `size`. */
function drawn(text: string, size = text.length, columns = 80): string {
  const stream = createMarkdownStream(
    (part, weights) =>
      weights.length === 0 || part === '' ? part : `{${weights.map((one) => MARK[one]).join('')}:${part}}`,
    () => columns,
  );
  let shown = '';
  for (let at = 0; at < text.length; at += size) shown += stream.push(text.slice(at, at + size));
  return joined(shown + stream.end());
}

/** Neighbours of one look are one. */
function joined(text: string): string {
  const next = text.replaceAll(/\{([A-Z]+):([^{}]*)\}\{\1:/g, '{$1:$2');
  return next === text ? text : joined(next);
}

/** The same without looks. */
function shownText(text: string, size: number, columns = 80): string {
  const stream = createMarkdownStream(
    (part) => part,
    () => columns,
  );
  let shown = '';
  for (let at = 0; at < text.length; at += size) shown += stream.push(text.slice(at, at + size));
  return shown + stream.end();
}

describe('Markdown on a terminal', () => {
  it.each([
    ['**bold** and *it* and `co*de*`', '{B:bold} and {I:it} and {C:co*de*}'],
    ['__b__ _i_ ~~gone~~ ***both***', '{B:b} {I:i} {S:gone} {BI:both}'],
    ['**a *b* c**', '{B:a }{BI:b}{B: c}'],
    ['``a`b``', '{C:a`b}'],
    ['# Title *x*\n### Third', '{BU:Title }{BUI:x}\n{B:Third}'],
    ['- one\n  * two\n1. three\n+ [ ] task', '{B:• }one\n  {B:• }two\n{B:1. }three\n{B:• }[ ] task'],
    ['> said\n> > twice', '{D:│ }{I:said}\n{D:│ │ }{I:twice}'],
    ['[text](http://a.b/c) [x] [y](z', '{U:text}{D: (http://a.b/c)} [x] [y](z'],
    ['```js\na **b** | c\n\n# no\n```\nafter', '{D:```js}\n{C:a **b** | c}\n\n{C:# no}\n{D:```}\nafter'],
    ['~~~\n```\n~~~', '{D:~~~}\n{C:```}\n{D:~~~}'],
    ['a\n\n---\nb', `a\n\n{D:${'─'.repeat(60)}}\nb`],
    [String.raw`\*no\* C:\dir`, String.raw`*no* C:\dir`],
    ['这是**粗体**文字', '这是{B:粗体}文字'],
  ])('draws %j', (text, wanted) => {
    for (const size of [1, 2, 3, 7, text.length]) expect(drawn(text, size)).toBe(wanted);
  });

  it.each([
    'snake_case_name and 2*3*4 and 2 ** 3 and a**b**c', '**never closed', '`open', 'a * b * c', '* ', '#hash', '#', '1.5 is a number',
    '2024\n-1', '[not a link] (x)', '~/path ~approx~', '*', '**', 'x | y', '<b>html</b> <script>', '_', String.raw`a\b`, '- ',
  ])('shows %j as it was written', (text) => {
    for (const size of [1, 3, text.length]) expect(drawn(text, size)).toBe(text);
  }); // prettier-ignore

  it('draws a table when it is whole, and shows one that does not fit as it was written', () => {
    const table = '| name | cost |\n|:--|--:|\n| **a** | 1 |\n| `b|c` | 10.5 |\nafter';
    const wanted = '{B:name}{D: │ }{B:cost}\n{D:─────┼─────}\n{B:a}   {D: │ }   1\n{C:b|c} {D: │ }10.5\nafter';
    for (const size of [1, 5, table.length]) expect(drawn(table, size)).toBe(wanted);
    expect(drawn(table, 4, 8)).toBe('| name | cost |\n|:--|--:|\n| {B:a} | 1 |\n| {C:b|c} | 10.5 |\nafter');
    expect(drawn('| no table |\n', 3)).toBe('| no table |\n');
    expect(drawn('| a |\n| - |\n| b |', 1)).toBe('{B:a}\n{D:─}\nb\n');
  });

  const pieces = fc.array(
    fc.constantFrom('a1', 'b2', 'c3', '好', ' ', '  ', '\n', '\n\n', '**', '*', '_', '`', '```', '~~', '~~~', '#', '# ', '- ', '1. ', '> ', '|', '|-|', '[', '](', ')', '\\', '---', '<br>', '!'),
    { maxLength: 24 },
  ); // prettier-ignore

  it('never leaves out a letter, and looks the same however it is cut', () => {
    const letters = (text: string): string => (text.match(/[a-c][1-3]|好/g) ?? []).join(' ');
    fc.assert(
      fc.property(pieces, fc.integer({ min: 1, max: 9 }), (parts, size) => {
        const text = parts.join('');
        expect(letters(shownText(text, size))).toBe(letters(text));
        expect(drawn(text, size)).toBe(drawn(text));
      }),
      { numRuns: 500, examples: [[['  ', '  ', '```'], 1]] },
    );
  });

  it('waits for no more than a phrase, and costs the same for every piece of a long line', () => {
    const stream = createMarkdownStream(
      (part) => part,
      () => 80,
    );
    expect(stream.push('Some words are seen at once')).toBe('Some words are seen at once');
    expect(stream.push(' and **this ')).toBe(' and ');
    expect(stream.push('x'.repeat(300))).toContain('**this x');
    const since = performance.now();
    for (let piece = 0; piece < 50_000; piece++) stream.push('words `and [more ');
    expect(performance.now() - since).toBeLessThan(2_000);
  });

  it('goes to a terminal with looks, harmless; to a pipe or with NO_COLOR as it is', async () => {
    const printed = async (env: Record<string, string>, isTTY: boolean): Promise<string> => {
      const out = Object.assign(new PassThrough(), { isTTY });
      const output = createOutput(env, out, new PassThrough());
      const printer = textPrinter(output, output.isStyled ? drawnMarkdown(output) : undefined);
      for (const piece of ['# Hi\n**bo', 'ld**\u001B[2J\u0007 **op', 'en']) await printer.write(piece);
      printer.endLine();
      out.end();
      let text = '';
      for await (const chunk of out.setEncoding('utf8')) text += chunk as string;
      return text;
    };
    expect(await printed({ TERM: 'xterm' }, true)).toBe('\u001B[1;4mHi\u001B[0m\n\u001B[1mbold\u001B[0m[2J **open\n');
    expect(await printed({ TERM: 'xterm', NO_COLOR: '1' }, true)).toBe('# Hi\n**bold**[2J **open\n');
    expect(await printed({}, false)).toBe('# Hi\n**bold**\u001B[2J\u0007 **open\n');
  });
});
