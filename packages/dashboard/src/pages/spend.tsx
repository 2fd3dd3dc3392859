import { useState } from 'preact/hooks';
import { clock } from '../api/live.ts';
import type { Budget, Budgets, CallerKey, UsageRow } from '../api/types.ts';
import { count, partialUsd, plural, relative, share, short, usd } from '../lib/format.ts';
import { costShare, sinceOf, totalOf, type Period } from '../lib/spend.ts';
import { Empty, Head, Notice, Panel, Segments, Tag } from '../ui/parts.tsx';
import { useAnswer } from '../ui/use.ts';

type By = 'model' | 'provider' | 'key' | 'agent' | 'day';

const BY = [
  { value: 'model', text: 'Model' },
  { value: 'provider', text: 'Provider' },
  { value: 'key', text: 'Key' },
  { value: 'agent', text: 'Agent' },
  { value: 'day', text: 'Day' },
] as const;

const PERIODS = [
  { value: 'today', text: 'Today' },
  { value: '7d', text: '7 days' },
  { value: '30d', text: '30 days' },
  { value: 'all', text: 'All' },
] as const;

export function Spend() {
  const [by, setBy] = useState<By>('model');
  const [period, setPeriod] = useState<Period>('today');
  // Once a minute is enough for money; the figure of today on the first page is live.
  const minute = Math.floor(clock.value / 60_000);
  const since = sinceOf(period, minute * 60_000);
  const usage = useAnswer<{ data: readonly UsageRow[] }>(
    `/api/usage?by=${by}${since === undefined ? '' : `&since=${since}`}`,
    minute,
  );
  const budgets = useAnswer<Budgets>('/api/budgets', minute);
  return (
    <>
      <Head title="Spend">
        <Segments label="Period" value={period} choices={PERIODS} onChange={setPeriod} />
      </Head>
      <div class="stack">
        <Limits budgets={budgets.data} />
        <Panel title="Usage" actions={<Segments label="Group by" value={by} choices={BY} onChange={setBy} />} flush>
          {usage.error !== undefined && usage.data === undefined ? (
            <div class="body">
              <Notice tone="bad">{usage.error}</Notice>
            </div>
          ) : (
            <Usage by={by} rows={usage.data?.data} />
          )}
        </Panel>
        <Gaps budgets={budgets.data} />
        <p class="soft small">
          Days are those of UTC. Prices come from <code>pricing</code> of the provider entries; a request whose price is
          not known counts as unknown, never as free.
        </p>
      </div>
    </>
  );
}

const NAMELESS: Readonly<Record<By, string>> = {
  model: 'nobody was asked',
  provider: 'nobody was asked',
  key: 'without a key',
  agent: 'no agent',
  day: '',
};

function Usage({ by, rows }: { by: By; rows: readonly UsageRow[] | undefined }) {
  const keys = useAnswer<{ data: readonly CallerKey[] }>(by === 'key' ? '/api/keys' : undefined);
  if (rows === undefined) return <p class="body-pad soft">Loading…</p>;
  if (rows.length === 0)
    return (
      <Empty title="Nothing was spent in this time">
        <p>Requests show up here as soon as they end.</p>
      </Empty>
    );
  const total = totalOf(rows);
  const nameOf = (row: UsageRow): string => {
    if (row.name === null || row.name === '') return NAMELESS[by];
    return by === 'key' ? (keys.data?.data.find((key) => key.id === row.name)?.name ?? row.name) : row.name;
  };
  const counted = by === 'model' || by === 'provider' ? 'attempts' : 'requests';
  const shown = by === 'day' ? rows.toReversed() : rows;
  return (
    <div class="table-wrap" tabIndex={0} role="region" aria-label={`Usage by ${by}`}>
      <table class="table spend">
        <thead>
          <tr>
            <th>{BY.find((one) => one.value === by)?.text}</th>
            <th class="bar-cell">
              <span class="unseen">Share of the cost</span>
            </th>
            <th class="number">Cost</th>
            <th class="number">Requests</th>
            <th class="number">Failed</th>
            <th class="number">Attempts</th>
            <th class="number">Tokens in</th>
            <th class="number">of it cached</th>
            <th class="number">out</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={row.name ?? ''}>
              <td class={row.name === null ? 'soft' : 'breaks'}>
                {row.name === null || by === 'day' ? (
                  nameOf(row)
                ) : (
                  <a href={`/requests?${by === 'provider' ? 'provider' : by}=${encodeURIComponent(row.name)}`}>
                    {nameOf(row)}
                  </a>
                )}
              </td>
              <td class="bar-cell">
                <div class="meter" aria-hidden="true">
                  <div style={{ width: `${costShare(row, rows) * 100}%` }} />
                </div>
              </td>
              <td class="number">
                <Cost row={row} of={row[counted]} what={counted} />
              </td>
              <td class="number">{count(row.requests)}</td>
              <td class="number">{row.failed === 0 ? '0' : <span class="bad-text">{count(row.failed)}</span>}</td>
              <td class="number">{count(row.attempts)}</td>
              <td class="number">{short(row.input_tokens)}</td>
              <td class="number">{short(row.cache_read_tokens)}</td>
              <td class="number">
                {row.unknown_usage > 0 && '≥ '}
                {short(row.output_tokens)}
              </td>
            </tr>
          ))}
        </tbody>
        {rows.length > 1 && (
          <tfoot>
            <tr>
              <th>Together</th>
              <td class="bar-cell" />
              <td class="number strong">
                <Cost row={total} of={total[counted]} what={counted} />
              </td>
              <td class="number">{by === 'model' || by === 'provider' ? '' : count(total.requests)}</td>
              <td class="number">{by === 'model' || by === 'provider' ? '' : count(total.failed)}</td>
              <td class="number">{count(total.attempts)}</td>
              <td class="number">{short(total.input_tokens)}</td>
              <td class="number">{short(total.cache_read_tokens)}</td>
              <td class="number">{short(total.output_tokens)}</td>
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}

/** The known part, and for how many the price is not known. */
function Cost({ row, of, what }: { row: Pick<UsageRow, 'cost_usd' | 'unknown_cost'>; of: number; what: string }) {
  return (
    <>
      {partialUsd(row.cost_usd, row.unknown_cost, of)}
      {row.unknown_cost > 0 && (
        <div class="soft small">
          {count(Math.max(0, of - row.unknown_cost))} of {count(of)} {what} priced
        </div>
      )}
    </>
  );
}

function Limits({ budgets }: { budgets: Budgets | undefined }) {
  if (budgets === undefined) return null;
  return (
    <Panel
      title="Budgets"
      actions={
        <>
          {budgets.unknownPrice === 'refuse' && <Tag tone="warn">models without a price are not asked</Tag>}
          <a href="/config/budgets">Change</a>
        </>
      }
      flush={budgets.data.length > 0}
    >
      {budgets.data.length === 0 ? (
        <p class="soft">
          No limit is set. <code>[budgets]</code> limits everything together or single entries; a key can have limits of
          its own.
        </p>
      ) : (
        <ul class="budgets">
          {budgets.data.map((budget) => (
            <BudgetRow key={`${budget.scope} ${budget.unit} ${budget.measure}`} budget={budget} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

const AT_LIMIT: Readonly<Record<string, string>> = {
  reject: 'at the limit calls are refused',
  fallback: 'at the limit the walk goes on without it',
  warn: 'at the limit calls carry a warning',
};

function BudgetRow({ budget }: { budget: Budget }) {
  const ofMoney = budget.measure === 'usd';
  const limit = Number(ofMoney ? budget.limitUsd : budget.limitTokens);
  const spent = Number(ofMoney ? budget.usedUsd : budget.usedTokens);
  const part = limit > 0 ? spent / limit : 1;
  const amount = (money: string | null, tokens: number | null): string =>
    ofMoney ? usd(money) : `${short(tokens)} tokens`;
  const tone = part >= 1 ? 'bad' : part >= 0.8 ? 'warn' : '';
  return (
    <li>
      <div class="row between wrap">
        <span>
          <span class="strong">{budget.title}</span> <span class="soft">per {budget.unit}</span>
        </span>
        <span>
          <span class="strong">{amount(budget.leftUsd, budget.leftTokens)} left</span>{' '}
          <span class="soft">of {amount(budget.limitUsd, budget.limitTokens)}</span>
        </span>
      </div>
      <div class="meter" role="img" aria-label={`${share(part)} used`}>
        <div class={tone} style={{ width: `${Math.min(100, part * 100)}%` }} />
      </div>
      <div class="row between wrap small soft">
        <span>
          {amount(budget.usedUsd, budget.usedTokens)} used ({share(part)}), {AT_LIMIT[budget.action] ?? budget.action}
        </span>
        <span>begins anew {relative(budget.resetsAt, clock.value)}</span>
      </div>
    </li>
  );
}

function Gaps({ budgets }: { budgets: Budgets | undefined }) {
  if (budgets === undefined) return null;
  const { droppedRequests, droppedAttempts, unclean } = budgets.gaps;
  const parts = [
    droppedRequests > 0 ? `${plural(droppedRequests, 'request')} dropped` : '',
    droppedAttempts > 0 ? `the attempts of ${plural(droppedAttempts, 'request')} dropped` : '',
    unclean > 0 ? `${plural(unclean, 'process', 'processes')} killed, each with its last moment` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? null : (
    <Notice tone="warn">The ledger is known to lack something: {parts.join(', ')}.</Notice>
  );
}
