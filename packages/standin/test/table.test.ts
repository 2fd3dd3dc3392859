import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutput } from '../src/cli/output.ts';
import { bar, countedLine, createCountedProgress } from '../src/cli/progress.ts';
import { columnsOf, fitLine, table } from '../src/cli/table.ts';
import { widthOf } from '../src/cli/terminal-text.ts';

const ROWS = [
  ['model', 'requests', 'cost USD'],
  ['a-model-with-a-very-long-name-that-nobody-needs-to-read', '12', '0.5'],
  ['短い名前', '1,234', 'unknown'],
];

describe('a table', () => {
  it('is whole in a pipe, its columns by what a terminal shows', () => {
    const lines = table(ROWS).split('\n');
    expect(lines[1]).toBe('a-model-with-a-very-long-name-that-nobody-needs-to-read  12        0.5');
    expect(widthOf(lines[2]?.slice(0, lines[2].indexOf('1,234')) ?? '')).toBe(57);
  });

  it('fits the terminal: words give way with an ellipsis, numbers never', () => {
    for (const columns of [40, 50, 60]) {
      const lines = table(ROWS, { columns, indent: '  ' }).split('\n');
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      expect(lines[1]).toMatch(/^ {2}a-model-w.*… +12 {8}0\.5$/);
      expect(lines[2]).toContain('1,234     unknown');
    }
    expect(table(ROWS, { columns: 200 })).toBe(table(ROWS));
    // Too narrow for all: it breaks where the terminal breaks it rather than losing its numbers.
    expect(table(ROWS, { columns: 10 })).toContain('1,234');
  });

  it('asks the terminal for its width, and a pipe not at all', () => {
    const output = (isTTY: boolean) =>
      createOutput({}, Object.assign(new PassThrough(), { isTTY, columns: 30 }), new PassThrough());
    expect(columnsOf(output(true))).toEqual({ columns: 30 });
    expect(columnsOf(output(false))).toEqual({});
    expect(fitLine('http://a.very.long.example/v1/chat/completions', 4, output(true))).toBe(
      'http://a.very.long.exampl…',
    );
    expect(fitLine('http://a.very.long.example/v1/chat/completions', 4, output(false))).toHaveLength(46);
  });
});

describe('progress', () => {
  it('says how much is done and how long it takes, in the columns there are', () => {
    const half = { done: 50, of: 200, words: 'calls', tookMs: 10_000 };
    expect(countedLine(half, 79)).toBe(`${bar(0.25, 30)} 25 %  50 of 200 calls · 30 s left`);
    expect(countedLine(half, 30)).toBe(' 25 %  50 of 200 calls · 30 s ');
    expect(countedLine({ ...half, done: 0 }, 79)).toContain('  0 %  0 of 200 calls');
    expect(countedLine({ ...half, done: 200 }, 79)).toBe(`${'█'.repeat(30)}100 %  200 of 200 calls`);
    for (let columns = 1; columns < 120; columns++)
      expect(countedLine(half, columns).length).toBeLessThanOrEqual(columns);
  });

  it('is silent where there is no terminal', () => {
    const err = new PassThrough();
    const progress = createCountedProgress(createOutput({}, new PassThrough(), err), 'calls');
    progress.show(1, 2);
    progress.close();
    expect(err.read()).toBeNull();
  });
});
