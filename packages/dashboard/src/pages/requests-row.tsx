import { Component } from 'preact';
import { clock } from '../api/live.ts';
import type { Row } from '../api/types.ts';
import { duration, moment, short, usd, UNKNOWN } from '../lib/format.ts';
import { outcomeLook } from '../lib/outcome.ts';
import { keyOfRow, queryOf, type RowFilter } from '../lib/rows.ts';
import { Badge } from '../ui/parts.tsx';
import { Route } from '../ui/route.tsx';

export const COLUMNS = [
  'Ended',
  'Outcome',
  'Route',
  'Asked for',
  'First token',
  'Total',
  'Tokens in',
  'out',
  'Cost',
  'Caller',
] as const;
export const NARROW = ['Request'] as const;
const NUMBERS = new Set<string>(['First token', 'Total', 'Tokens in', 'out', 'Cost']);

export function HeadRow() {
  return (
    <div class="list-head list-row" role="row">
      {COLUMNS.map((name) => (
        <span key={name} role="columnheader" class={NUMBERS.has(name) ? 'right' : ''}>
          {name}
        </span>
      ))}
    </div>
  );
}

interface RowProps {
  readonly row: Row;
  readonly index: number;
  readonly isOpen: boolean;
  readonly isAt: boolean;
  readonly isNarrow: boolean;
  readonly filter: RowFilter;
}

/** Drawn again only when it shows another row: while one scrolls, most stay what they were. */
export class RowView extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== now[name]);
  }

  override render(props: RowProps) {
    return <RowCells {...props} />;
  }
}

function RowCells({ row, index, isOpen, isAt, isNarrow, filter }: RowProps) {
  const href = `/requests/${encodeURIComponent(row.id)}${queryOf(filter)}`;
  const time = (
    <a href={href} class="row-link" aria-current={isOpen ? 'true' : undefined}>
      {moment(row.startedAt + (row.tookMs ?? 0), clock.peek())}
    </a>
  );
  const name = `list-row ${isOpen ? 'open' : ''} ${isAt ? 'at' : ''}`;
  if (isNarrow)
    return (
      <div class={`${name} narrow`} role="row" aria-rowindex={index + 1} data-key={keyOfRow(row)}>
        <div role="cell">
          <div class="row between">
            <Badge look={outcomeLook(row)} />
            <span class="clip grow">{row.requestedModel || 'default'}</span>
            <span class="nowrap">{duration(row.tookMs)}</span>
          </div>
          <div class="row between small soft">
            {time}
            <span class="grow clip">
              <Route row={row} />
            </span>
            <span class="nowrap">{usd(row.costUsd)}</span>
          </div>
        </div>
      </div>
    );
  return (
    <div class={name} role="row" aria-rowindex={index + 1} data-key={keyOfRow(row)}>
      <span role="cell">{time}</span>
      <span role="cell">
        <Badge look={outcomeLook(row)} />
      </span>
      <span role="cell" class="clip">
        <Route row={row} />
      </span>
      <span role="cell" class="clip" title={row.requestedModel}>
        {row.requestedModel || <span class="soft">default</span>}
      </span>
      <span role="cell" class="right">
        {duration(row.firstContentMs)}
      </span>
      <span role="cell" class="right">
        {duration(row.tookMs)}
      </span>
      <span role="cell" class="right">
        {short(row.inputTokens)}
      </span>
      <span role="cell" class="right">
        {short(row.outputTokens)}
      </span>
      <span role="cell" class="right">
        {row.costUsd === null || row.costUsd === undefined ? <span class="soft">unknown</span> : usd(row.costUsd)}
      </span>
      <span role="cell" class="clip soft" title={row.key ?? undefined}>
        {row.agent ?? row.key ?? UNKNOWN}
      </span>
    </div>
  );
}
