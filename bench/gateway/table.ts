/** The speed table: what was measured, beside what is to be reached. */

export interface Row {
  readonly scenario: string;
  readonly unit: string;
  readonly nginx?: number;
  readonly pipe?: number;
  /** Standin's own figure. */
  readonly own: number;
  /** Against the byte pipe, the median of the rounds; absent: the figure itself is judged. */
  readonly ratio?: number;
  readonly target: number;
  readonly stretch?: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? NaN) + upper) / 2;
}

/** Ratios are taken round by round: the machine's speed drifts between rounds more than systems differ. */
export function ratioOf(own: readonly number[], reference: readonly number[]): number {
  return median(own.map((value, round) => value / (reference[round] ?? NaN)));
}

export function printTable(rows: readonly Row[]): void {
  const lines = [['scenario', 'unit', 'nginx', 'byte pipe', 'standin', 'ratio', 'target', 'stretch', 'verdict']];
  for (const { scenario, unit, nginx, pipe, own, ratio, target, stretch } of rows) {
    const judged = ratio ?? own;
    const verdict = Number.isNaN(judged)
      ? 'not measured'
      : judged <= target
        ? stretch !== undefined && judged <= stretch
          ? 'met, stretch too'
          : 'met'
        : 'MISSED';
    const sign = ratio === undefined ? '' : ' ×';
    lines.push([
      scenario,
      unit,
      shown(nginx),
      shown(pipe),
      shown(own),
      ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
      `≤ ${target}${sign}`,
      stretch === undefined ? '' : `≤ ${stretch}${sign}`,
      verdict,
    ]);
  }
  const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? [];
  const written = lines.map((line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`);
  written.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  console.log(`\n${written.join('\n')}\n`);
}

function shown(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
