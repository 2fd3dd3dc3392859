interface Change {
  readonly sign: ' ' | '-' | '+';
  readonly line: string;
}

/** A unified diff with three lines of context; empty when both texts are the same. */
export function unifiedDiff(before: string, after: string, beforeName: string, afterName: string): string {
  if (before === after) return '';
  const changes = changesOf(linesOf(before), linesOf(after));
  const out = [`--- ${beforeName}`, `+++ ${afterName}`];
  for (const [start, end] of hunks(changes)) {
    const hunk = changes.slice(start, end);
    const count = (sign: '-' | '+', list: readonly Change[]) =>
      list.filter((one) => one.sign === ' ' || one.sign === sign).length;
    const earlier = changes.slice(0, start);
    const range = (sign: '-' | '+') => {
      const length = count(sign, hunk);
      return `${count(sign, earlier) + (length === 0 ? 0 : 1)},${length}`;
    };
    out.push(`@@ -${range('-')} +${range('+')} @@`, ...hunk.map(({ sign, line }) => sign + line));
  }
  return `${out.join('\n')}\n`;
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const CONTEXT = 3;

/** Ranges of changes that lie close together, with the lines around them. */
function hunks(changes: readonly Change[]): [number, number][] {
  const ranges: [number, number][] = [];
  changes.forEach(({ sign }, index) => {
    if (sign === ' ') return;
    const last = ranges.at(-1);
    const end = Math.min(changes.length, index + CONTEXT + 1);
    if (last !== undefined && index - CONTEXT <= last[1]) last[1] = end;
    else ranges.push([Math.max(0, index - CONTEXT), end]);
  });
  return ranges;
}

/** Longest common subsequence by table: config files are short. */
function changesOf(before: readonly string[], after: readonly string[]): Change[] {
  const width = after.length + 1;
  const table = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number) => table[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      table[i * width + j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const changes: Change[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      changes.push({ sign: ' ', line: before[i] ?? '' });
      i++;
      j++;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      changes.push({ sign: '-', line: before[i++] ?? '' });
    } else changes.push({ sign: '+', line: after[j++] ?? '' });
  }
  return changes;
}
