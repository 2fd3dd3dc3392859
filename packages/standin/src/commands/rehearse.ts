import type { Command } from 'commander';
import type { Rehearsal, RehearsedCell } from '@standin/simulator/rehearsal/index';
import type { CommandContext } from '../cli/context.ts';
import { EXIT, ExitWith, UsageError } from '../cli/exit.ts';
import { openStandin } from '../cli/open.ts';
import type { Style } from '../cli/output.ts';
import { createCountedProgress } from '../cli/progress.ts';
import { selectorFor } from '../cli/selector.ts';

interface RehearseOptions {
  readonly agent?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Every vendor of the walk is replaced by a stand-in on loopback that speaks the same protocol; no vendor is called and no
key leaves. Each line is a failure, each column the target it strikes; the targets before it are out, those after it well.

  answer   as if nothing had happened        next     another target answered
  retry    the same target, asked again      rescued  the answer broke off and was mended
  wait     the same target, after its wait   error    a clear error
  BROKEN   must not happen: exit code 1

Examples:
  $ standin rehearse
  $ standin rehearse -a researcher
  $ standin rehearse --json | jq '.cells[] | select(.outcome == "broken")'`;

export function register(command: Command, context: CommandContext): void {
  command
    .option('-a, --agent <alias>', 'agent of the config')
    .option('--provider <type.alias>', 'provider entry')
    .option('--model <model>', 'model, agent, entry or hint:NAME')
    .option('--json', 'print {"factor", "targets", "faults", "cells", …}')
    .addHelpText('after', EXAMPLES)
    .action(async (options: RehearseOptions) => rehearseConfig(options, context));
}

async function rehearseConfig(options: RehearseOptions, context: CommandContext): Promise<void> {
  const { output, interrupt } = context;
  const open = await openStandin(context, { quietWarnings: true });
  try {
    const plan = open.standin.plan(await selectorFor(options, open));
    const { rehearse } = await import('@standin/simulator/rehearsal/index');
    const progress = createCountedProgress(output, 'calls');
    const result = await rehearse(plan, {
      signal: interrupt.signal,
      onProgress: (done, of) => progress.show(done, of),
    }).finally(() => progress.close());
    if (interrupt.signal.aborted) throw new ExitWith(EXIT.interrupted);
    if (result.targets.length === 0) {
      throw new UsageError(`Nothing can be rehearsed: ${result.leftOut[0] ?? 'the walk has no target'}.`);
    }
    if (options.json === true) output.print(JSON.stringify(document(result), null, 2));
    else for (const line of picture(result, output.style)) output.print(line);
    if (result.cells.some((cell) => cell.outcome === 'broken')) throw new ExitWith(EXIT.callFailed);
  } finally {
    open.standin.close();
  }
}

/** The result for scripts. Costs are those of the stand-ins: unknown, not zero. */
function document({ factor, targets, faults, cells, leftOut, realMs }: Rehearsal): object {
  return {
    factor,
    duration_ms: realMs,
    targets,
    left_out: leftOut,
    faults: faults.map(({ id, title }) => ({ id, title })),
    cells: cells.map(({ fault, target, outcome, note, tookMs, attempts, outputTokens }) => ({
      fault,
      target,
      outcome,
      ...(note === undefined ? {} : { note }),
      took_ms: tookMs,
      output_tokens: outputTokens ?? null,
      cost_usd: null,
      attempts,
    })),
    broken: cells.filter((cell) => cell.outcome === 'broken').length,
  };
}

/** Columns that fit beside the names of the faults in 80 characters. */
const AT_ONCE = 3;
const NAME_WIDTH = 36;
const CELL_WIDTH = 14;

/** The matrix as lines of at most 80 characters. */
export function picture(result: Rehearsal, style: Style): string[] {
  const { targets, faults, cells, factor, leftOut } = result;
  const lines: string[] = [];
  targets.forEach(({ entry, model, wire }, index) =>
    lines.push(clip(`${index + 1}. ${model}  ${entry}  (${wire})`, 80)),
  );
  for (const reason of leftOut) lines.push(`${style.yellow('left out:')} ${reason}`);
  for (let from = 0; from < targets.length; from += AT_ONCE) {
    const shown = targets.slice(from, from + AT_ONCE);
    const heads = shown.map(({ model }, index) =>
      clip(`${from + index + 1} ${model}`, CELL_WIDTH - 1).padEnd(CELL_WIDTH),
    );
    lines.push('', style.bold(`${'what goes wrong at that target'.padEnd(NAME_WIDTH)}${heads.join('')}`.trimEnd()));
    for (const fault of faults) {
      const row = shown.map((_, index) => shownCell(find(cells, fault.id, from + index + 1), style));
      lines.push(`${clip(fault.title, NAME_WIDTH - 1).padEnd(NAME_WIDTH)}${row.join('')}`.trimEnd());
    }
  }
  lines.push('', ...summary(cells, style));
  lines.push(
    style.dim(`Seconds are the rehearsed call's; time ran ${factor} times faster (${seconds(result.realMs)} in all).`),
  );
  return lines;
}

const find = (cells: readonly RehearsedCell[], fault: string, target: number): RehearsedCell | undefined =>
  cells.find((cell) => cell.fault === fault && cell.target === target);

function shownCell(cell: RehearsedCell | undefined, style: Style): string {
  if (cell === undefined) return '-'.padEnd(CELL_WIDTH);
  const word = cell.outcome === 'broken' ? 'BROKEN' : cell.outcome;
  const text = `${word.padEnd(7)} ${seconds(cell.tookMs)}`.padEnd(CELL_WIDTH);
  switch (cell.outcome) {
    case 'broken':
      return style.bold(style.red(text));
    case 'error':
      return style.yellow(text);
    default:
      return style.green(text);
  }
}

function summary(cells: readonly RehearsedCell[], style: Style): string[] {
  const broken = cells.filter((cell) => cell.outcome === 'broken');
  const errors = cells.filter((cell) => cell.outcome === 'error').length;
  const answered = cells.length - errors - broken.length;
  const lines = [
    `${answered} of ${cells.length} calls were answered, ${errors} ended in a clear error, ${broken.length} broke.`,
  ];
  for (const cell of broken)
    lines.push(style.red(`BROKEN  ${cell.fault} at target ${cell.target}: ${cell.note ?? ''}`));
  return lines;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`;

const clip = (text: string, width: number): string => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
