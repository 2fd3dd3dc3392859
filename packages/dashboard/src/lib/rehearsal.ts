import type { Cell, CellOutcome, Rehearsal } from '../api/types.ts';
import type { Look } from './outcome.ts';

export const CELLS: Readonly<Record<CellOutcome, Look & { readonly means: string }>> = {
  answer: { text: 'answer', tone: 'good', shape: 'dot', means: 'answered at once' },
  retry: { text: 'retry', tone: 'good', shape: 'ring', means: 'the same target answered at a second try' },
  wait: { text: 'wait', tone: 'info', shape: 'bar', means: 'the same target answered after a wait' },
  next: { text: 'next', tone: 'info', shape: 'arrow', means: 'another target answered' },
  rescued: { text: 'mended', tone: 'warn', shape: 'half', means: 'an answer that broke off was mended' },
  error: {
    text: 'error',
    tone: 'idle',
    shape: 'cross',
    means: 'an explicit error; with this config nothing else is possible',
  },
  broken: { text: 'broken', tone: 'bad', shape: 'triangle', means: 'something that must not happen' },
};

export const cellKey = (fault: string, target: number): string => `${fault}\n${target}`;

/** The cells that are known, by fault and target. */
export function cellsOf(rehearsal: Rehearsal | undefined): Map<string, Cell> {
  return new Map((rehearsal?.cells ?? []).map((cell) => [cellKey(cell.fault, cell.target), cell]));
}

/** How often each outcome came, those that did not come left out. */
export function countsOf(cells: Iterable<Cell>): [CellOutcome, number][] {
  const counts = new Map<CellOutcome, number>();
  for (const { outcome } of cells) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return (Object.keys(CELLS) as CellOutcome[]).flatMap((outcome) => {
    const number = counts.get(outcome);
    return number === undefined ? [] : [[outcome, number] as [CellOutcome, number]];
  });
}

/** A cell that arrived put into what is known. */
export function withCell(rehearsal: Rehearsal, cell: Cell): Rehearsal {
  const rest = rehearsal.cells.filter((one) => one.fault !== cell.fault || one.target !== cell.target);
  return { ...rehearsal, cells: [...rest, cell], done: Math.max(rehearsal.done, rest.length + 1) };
}
