import { Agent } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulator } from '../../packages/simulator/src/index.ts';
import { call, type Seen } from './callers.ts';
import { makeKey, sleep, startGateway, type GatewayProcess } from './gateway-process.ts';
import { seeded } from './soak-load.ts';

export interface KillsOptions {
  readonly dir: string;
  readonly times: number;
  readonly seed: number;
  /** Calls at the same time. Default 200. */
  readonly calls?: number;
  readonly workers?: number;
  /** Default 2,000. */
  readonly restartWithinMs?: number;
  readonly tell?: (line: string) => void;
}

export interface KillsReport {
  readonly figures: readonly (readonly [string, string])[];
  readonly findings: readonly string[];
}

/** What each answer says it took, no more than could be known before: 901 tokens at 1 USD per million. */
const USAGE = { inputTokens: 1, outputTokens: 900 };
const NANO_PER_CALL = 901_000;
/** Calls that the budget of a round pays for: the others are turned away. */
const PAID_CALLS = 120;

/**
 * A gateway that is killed in the middle of calls at the edge of a budget, again and again over one home: no budget is
 * handed out twice, the ledger stays sound, it is back soon, and no caller takes half an answer for a whole one.
 */
export async function kills(options: KillsOptions): Promise<KillsReport> {
  const { dir, times, seed, calls = 200, workers = 1, restartWithinMs = 2_000, tell = () => {} } = options;
  const random = seeded(seed);
  const billed = new Map<string, number>();
  const vendor = await startSimulator({
    script: {
      rules: [{ behaviour: { words: 60, deltaChars: 12, eventMs: 6, headersMs: 20, usage: USAGE } }],
    },
    keepRequests: 50,
    // Whatever began may be billed, also what nobody waited for.
    onFinished: ({ model = '' }) => void billed.set(model, (billed.get(model) ?? 0) + 1),
  });
  const rounds = Array.from({ length: times }, (_, at) => `round-${at + 1}`);
  const keys = new Map<string, string>();
  const budgetUsd = (PAID_CALLS * NANO_PER_CALL) / 1e9;
  for (const round of rounds) keys.set(round, await makeKey(dir, ['--name', round, '--budget-day', String(budgetUsd)]));
  const findings: string[] = [];
  const starts: number[] = [];
  const ends = new Map<string, number>();
  const config = configFor(vendor.url, rounds);
  const args = workers > 1 ? ['--workers', String(workers)] : [];
  let gateway: GatewayProcess | undefined;
  const start = async (): Promise<GatewayProcess> => {
    const started = await startGateway({ dir, config, args });
    starts.push(started.startedInMs);
    return started;
  };
  try {
    gateway = await start();
    for (const round of rounds) {
      const key = keys.get(round) ?? '';
      // Before the kill, in the middle of it, and after the restart.
      const first = many(gateway.url, round, key, calls, true);
      await sleep(60 + random() * 400);
      const half = many(gateway.url, round, key, Math.floor(calls / 4), false);
      await sleep(random() * 150);
      gateway.child.kill('SIGKILL');
      await gateway.ended;
      const seen = [...(await first), ...(await half)];
      gateway = await start();
      seen.push(...(await many(gateway.url, round, key, calls, true)));
      for (const { how, status, text } of seen) {
        const code = how === 'error' ? (/"code":"(\w+)"/.exec(text)?.[1] ?? '') : '';
        const end = `${how} ${status} ${code}`.trimEnd();
        ends.set(end, (ends.get(end) ?? 0) + 1);
        if (how === 'truncated') findings.push(`${round}: a cut answer looks complete: ${text.slice(-200)}`);
      }
      findings.push(...(await soundness(join(dir, 'home', 'ledger.db'), round)));
      tell(
        `${round}: ${billed.get(round) ?? 0} of ${PAID_CALLS} paid calls reached the vendor, start ${Math.round(starts.at(-1) ?? 0)} ms`,
      );
    }
    gateway.child.kill('SIGTERM');
    const how = await gateway.ended;
    if (how !== 0) findings.push(`the gateway ended with ${how} instead of 0`);
  } finally {
    gateway?.child.kill('SIGKILL');
    await gateway?.ended;
    await vendor.close();
  }
  for (const round of rounds) {
    const made = billed.get(round) ?? 0;
    if (made > PAID_CALLS) findings.push(`${round}: ${made} calls were made on a budget for ${PAID_CALLS}`);
  }
  const unclean = checkLedger(join(dir, 'home', 'ledger.db'), times, findings);
  const slow = starts.slice(1).filter((ms) => ms > restartWithinMs).length;
  if (slow > 0) findings.push(`${slow} of ${times} restarts took longer than ${restartWithinMs} ms`);
  const made = [...billed.values()];
  return {
    findings,
    figures: [
      ['kills', `${times}, ${calls} calls at the same time, ${workers} process(es)`],
      [
        'restart, ms',
        `${Math.round(Math.min(...starts))} at best, ${Math.round(Math.max(...starts.slice(1)))} at worst`,
      ],
      ['calls made on each budget', `${Math.min(...made)} to ${Math.max(...made)} of ${PAID_CALLS}`],
      ['unclean ends in the ledger', String(unclean)],
      ...[...ends]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([how, count]) => [`callers saw: ${how}`, String(count)] as const),
    ],
  };
}

function many(url: string, model: string, key: string, count: number, stream: boolean): Promise<Seen[]> {
  const agent = new Agent({ keepAlive: false });
  const headers = { authorization: `Bearer ${key}` };
  const body = {
    model: `custom.main/${model}`,
    stream,
    max_tokens: 900,
    messages: [{ role: 'user', content: 'Go on.' }],
  };
  return Promise.all(
    Array.from({ length: count }, () => call({ url, path: '/v1/chat/completions', body, headers, agent })),
  );
}

function configFor(vendor: string, models: readonly string[]): string {
  const prices = models.map((model) => `"${model}" = 1.0`).join('\n');
  return `schema_version = 3
[providers.models.custom.main]
uri = "${vendor}/v1"
model = "round-1"
api_key = "kills-key-of-the-vendor"
[providers.models.custom.main.pricing]
${prices}
[agents.default]
model_provider = "custom.main"
`;
}

/** After a restart, before anybody closes anything. */
async function soundness(path: string, round: string): Promise<string[]> {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const check = String(db.prepare('PRAGMA integrity_check').get()?.['integrity_check']);
    return check === 'ok' ? [] : [`${round}: the ledger is damaged: ${check}`];
  } finally {
    db.close();
  }
}

function checkLedger(path: string, times: number, findings: string[]): number {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    const over = db
      .prepare(
        `SELECT scope, granted_nano_usd AS granted FROM grants WHERE scope LIKE 'key:%' AND granted_nano_usd > ?`,
      )
      .all(PAID_CALLS * NANO_PER_CALL);
    for (const { scope, granted } of over) findings.push(`${String(scope)} was handed ${String(granted)} nano-USD`);
    const orphans = db
      .prepare('SELECT count(*) AS n FROM attempts WHERE request NOT IN (SELECT seq FROM requests)')
      .get();
    if (Number(orphans?.['n']) > 0) findings.push(`${String(orphans?.['n'])} attempts belong to no request`);
    const unclean = Number(db.prepare('SELECT total(unclean) AS n FROM sessions').get()?.['n']);
    if (unclean < times) findings.push(`${times} kills, and the ledger knows of ${unclean}`);
    return unclean;
  } finally {
    db.close();
  }
}
