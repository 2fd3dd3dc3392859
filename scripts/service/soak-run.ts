import { Agent } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulator } from '../../packages/simulator/src/index.ts';
import { call } from './callers.ts';
import { openFiles, processorSeconds, quantile, residentMb, sleep, startGateway } from './gateway-process.ts';
import { choose, configFor, nanoUsdOf, RULES, seeded } from './soak-load.ts';

export interface SoakOptions {
  /** For the config, the ledger and the keys; made when it is missing. */
  readonly dir: string;
  readonly seconds: number;
  /** Calls begun per second. */
  readonly rate: number;
  readonly seed: number;
  readonly workers?: number;
  readonly tell?: (line: string) => void;
}

export interface SoakReport {
  readonly calls: number;
  /** How calls ended, by scenario. */
  readonly ends: ReadonlyMap<string, number>;
  /** `[name, value]` in the order to print. */
  readonly figures: readonly (readonly [string, string])[];
  /** What is wrong; empty: nothing. */
  readonly findings: readonly string[];
}

interface Sample {
  readonly atS: number;
  readonly mb: number;
  readonly files: number;
}

/** SQLite's files, and what Node opens when it first needs it. */
const MORE_FILES = 12;

/** A gateway under mixed load, whose record, money, memory and sockets are counted again from outside. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { dir, seconds, rate, seed, workers = 1, tell = () => {} } = options;
  const random = seeded(seed);
  let vendorCalls = 0;
  let answered = 0;
  let vendorNano = 0n;
  const vendor = await startSimulator({
    script: { rules: RULES },
    keepRequests: 50,
    onFinished: ({ outcome, model = '', method }) => {
      if (method !== 'POST') return;
      vendorCalls++;
      if (outcome !== 'answer') return;
      answered++;
      vendorNano += nanoUsdOf(model);
    },
  });
  const args = workers > 1 ? ['--workers', String(workers)] : [];
  const gateway = await startGateway({ dir, config: configFor(vendor.url), args });
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  const ends = new Map<string, number>();
  const sent = new Map<string, string>();
  const findings: string[] = [];
  const samples: Sample[] = [];
  const open = new Set<Promise<void>>();
  let waits = 0;
  const one = async (): Promise<void> => {
    const { name, make } = choose(random);
    const id = `soak-${sent.size + 1}`;
    sent.set(id, 'open');
    const seen = await call({ url: gateway.url, agent, headers: { 'x-request-id': id }, ...make(random) });
    sent.set(id, seen.how);
    ends.set(`${name}: ${seen.how} ${seen.status}`, (ends.get(`${name}: ${seen.how} ${seen.status}`) ?? 0) + 1);
    if (seen.how === 'truncated') findings.push(`${id} (${name}) was cut and looks complete: ${seen.text.slice(-200)}`);
    if (seen.how === 'broken') findings.push(`${id} (${name}) broke off without an error`);
  };
  const idleFiles = openFiles(gateway.pid);
  const began = performance.now();
  const processorBefore = processorSeconds(gateway.pid);
  let nextSampleS = 0;
  try {
    for (let made = 0; ; made++) {
      const atS = (performance.now() - began) / 1_000;
      if (atS >= seconds) break;
      if (atS >= nextSampleS) {
        samples.push({ atS, mb: residentMb(gateway.pid), files: openFiles(gateway.pid) });
        nextSampleS = atS + Math.max(0.5, Math.min(10, seconds / 60));
        if (samples.length % 6 === 1)
          tell(
            `${Math.round(atS)} s: ${sent.size} calls, ${open.size} open, ${samples.at(-1)?.mb.toFixed(1)} MB, ${samples.at(-1)?.files} files`,
          );
      }
      const task = one().catch((error: unknown) => void findings.push(`the load itself failed: ${String(error)}`));
      open.add(task);
      void task.finally(() => open.delete(task));
      const dueMs = ((made + 1) * 1_000) / rate - (performance.now() - began);
      if (dueMs > 0) await sleep(dueMs);
      else if (++waits % 50 === 0) await sleep(0);
    }
    const processor = processorSeconds(gateway.pid) - processorBefore;
    await Promise.all(open);
    agent.destroy();
    const pending = (): number => vendor.requests.filter(({ finishedAt }) => finishedAt === undefined).length;
    for (let i = 0; i < 100 && pending() > 0; i++) await sleep(50);
    if (pending() > 0) findings.push(`${pending()} calls at the vendor are still open`);
    // Idle sockets towards the vendor may wait for more calls; they go with the vendor.
    await vendor.refuse();
    for (let i = 0; i < 100 && openFiles(gateway.pid) > idleFiles + MORE_FILES; i++) await sleep(50);
    const filesAfter = openFiles(gateway.pid);
    if (filesAfter > idleFiles + MORE_FILES) findings.push(`${filesAfter} files are open, ${idleFiles} were before`);
    gateway.child.kill('SIGTERM');
    const how = await gateway.ended;
    if (how !== 0) findings.push(`the gateway ended with ${how} instead of 0`);
    const memory = flatness(samples, seconds);
    if (!memory.isFlat) findings.push(`memory grows: ${memory.text}`);
    const ledger = readLedger(join(dir, 'home', 'ledger.db'), sent);
    findings.push(...ledger.findings);
    if (ledger.nanoUsd !== vendorNano)
      findings.push(`the ledger counts ${ledger.nanoUsd} nano-USD of whole answers, the simulator ${vendorNano}`);
    if (ledger.whole !== answered)
      findings.push(`the ledger has ${ledger.whole} whole answers of vendors, the simulator ${answered}`);
    return {
      calls: sent.size,
      ends,
      findings,
      figures: [
        ['calls', `${sent.size} in ${seconds} s, ${workers} process(es)`],
        ['rows in the ledger', `${ledger.rows} (${ledger.leftWithoutRow} callers left before their request was read)`],
        [
          'attempts',
          `${ledger.attempts}; calls at the simulator ${vendorCalls} (one on an idle socket that died is repeated)`,
        ],
        ['whole answers of vendors', `${ledger.whole}, by the simulator ${answered}`],
        ['their cost, nano-USD', `${ledger.nanoUsd}, by the simulator ${vendorNano}`],
        ['memory', memory.text],
        [
          'files open',
          `${idleFiles} before, ${Math.max(...samples.map(({ files }) => files))} at most, ${filesAfter} after`,
        ],
        ['processor', `${((100 * processor) / seconds).toFixed(1)} % of a core`],
      ],
    };
  } finally {
    agent.destroy();
    gateway.child.kill('SIGKILL');
    await gateway.ended;
    await vendor.close();
  }
}

function flatness(samples: readonly Sample[], seconds: number): { readonly isFlat: boolean; readonly text: string } {
  const warmS = Math.min(300, seconds / 3);
  const span = (seconds - warmS) / 4;
  const median = (from: number, to: number): number =>
    quantile(
      samples.flatMap(({ atS, mb }) => (atS >= from && atS < to ? [mb] : [])),
      0.5,
    );
  const early = median(warmS, warmS + span);
  const late = median(seconds - span, seconds + 1);
  const most = Math.max(...samples.map(({ mb }) => mb));
  const text = `${early.toFixed(1)} MB after ${Math.round(warmS)} s, ${late.toFixed(1)} MB at the end, ${most.toFixed(1)} MB at most`;
  // A short run only warms up.
  return { isFlat: seconds < 300 || late <= early * 1.1 + 5, text };
}

function readLedger(path: string, sent: ReadonlyMap<string, string>) {
  const db = new DatabaseSync(path, { readOnly: true });
  const findings: string[] = [];
  const rows = db.prepare('SELECT id, outcome, attempts FROM requests').all();
  const seen = new Map<string, string>();
  for (const { id, outcome } of rows) {
    if (seen.has(String(id))) findings.push(`${String(id)} has two rows`);
    if (!sent.has(String(id))) findings.push(`${String(id)} was never sent`);
    seen.set(String(id), String(outcome));
  }
  let leftWithoutRow = 0;
  for (const [id, how] of sent) {
    const outcome = seen.get(id);
    if (outcome === undefined && how === 'left') leftWithoutRow++;
    else if (outcome === undefined) findings.push(`${id} (${how}) has no row`);
    else if (how === 'whole' && outcome !== 'ok') findings.push(`${id} was whole, and its row says ${outcome}`);
    else if (how === 'error' && outcome !== 'failed') findings.push(`${id} was an error, and its row says ${outcome}`);
    else if (how === 'left' && outcome !== 'left') findings.push(`${id} was left, and its row says ${outcome}`);
  }
  const sums = db
    .prepare(
      `SELECT count(*) AS attempts, count(*) FILTER (WHERE outcome = 'ok') AS whole,
         coalesce(sum(cost_nano_usd) FILTER (WHERE outcome = 'ok'), 0) AS nano,
         count(*) FILTER (WHERE outcome = 'ok' AND cost_nano_usd IS NULL) AS unknown FROM attempts`,
    )
    .get();
  if (Number(sums?.['unknown']) > 0) findings.push(`${String(sums?.['unknown'])} whole answers have no known cost`);
  db.close();
  return {
    rows: rows.length,
    leftWithoutRow,
    attempts: Number(sums?.['attempts']),
    whole: Number(sums?.['whole']),
    nanoUsd: BigInt(Number(sums?.['nano'])),
    findings,
  };
}
