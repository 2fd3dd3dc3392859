import { Agent } from 'node:http';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { startSimulator } from '../../packages/simulator/src/index.ts';
import { call } from './callers.ts';
import { openFiles, processorSeconds, residentMb, sleep, startGateway } from './gateway-process.ts';
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
  /** Live objects and what the collector has not looked at yet. */
  readonly heapMb: number;
}

/** Resident memory follows peaks and comes back late; what piles up shows in the heap's least. */
const MOST_GROWTH = 1.3;
/** SQLite's files, and what Node opens when it first needs it. */
const MORE_FILES = 12;

/** A gateway under mixed load, whose record, money, memory and sockets are counted again from outside. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { dir, seconds, rate, seed, workers = 1, tell = () => {} } = options;
  const random = seeded(seed);
  let vendorCalls = 0;
  /** Nano-USD of whole answers, by the id that the simulator gave them. */
  const answered = new Map<string, bigint>();
  /** The same of those whose connection went before the simulator's last write was confirmed. */
  const cutShort = new Map<string, bigint>();
  const vendor = await startSimulator({
    script: { rules: RULES },
    keepRequests: 50,
    onFinished: ({ outcome, model = '', method, sequence }) => {
      if (method !== 'POST') return;
      vendorCalls++;
      if (outcome === 'answer') answered.set(`req_sim_${sequence}`, nanoUsdOf(model));
      if (outcome === 'caller-left') cutShort.set(`req_sim_${sequence}`, nanoUsdOf(model));
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
    // A call turned away leaves no row.
    const isShed = seen.status === 503 && seen.text.includes('"overloaded');
    sent.set(id, isShed ? 'shed' : seen.how);
    const end = `${name}: ${isShed ? 'turned away' : seen.how} ${seen.status}`;
    ends.set(end, (ends.get(end) ?? 0) + 1);
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
        const heapMb = await heapOf(gateway.url);
        samples.push({ atS, mb: residentMb(gateway.pid), files: openFiles(gateway.pid), heapMb });
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
    const heap = heapOver(samples, seconds);
    if (!heap.isFlat) findings.push(`objects pile up: ${heap.text}`);
    if (!memory.isFlat) findings.push(`memory grows: ${memory.text}`);
    const ledger = readLedger(join(dir, 'home', 'ledger.db'), sent, { answered, cutShort });
    findings.push(...ledger.findings);
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
        [
          'whole answers of vendors',
          `${ledger.whole}, by the simulator ${answered.size}, of which ${ledger.unwanted} nobody waited for any more`,
        ],
        ['cost of the former, nano-USD', `${ledger.nanoUsd}, by the simulator ${ledger.vendorNanoUsd}`],
        ['turned away', String([...sent.values()].filter((how) => how === 'shed').length)],
        ['memory', memory.text],
        ['heap used, least', heap.text],
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

async function heapOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(text)?.[1]) / 1_048_576;
}

/** What is left right after a collection says more than what the process keeps in hand. */
function heapOver(samples: readonly Sample[], seconds: number): { readonly isFlat: boolean; readonly text: string } {
  const warmS = Math.min(300, seconds / 3);
  const least = (from: number, to: number): number =>
    Math.min(...samples.flatMap(({ atS, heapMb }) => (atS >= from && atS < to ? [heapMb] : [])));
  const half = warmS + (seconds - warmS) / 2;
  const [first, second] = [least(warmS, half), least(half, seconds + 1)];
  const text = `${first.toFixed(1)} MB in the first half after warming up, ${second.toFixed(1)} MB in the second`;
  return { isFlat: seconds < 300 || second <= first * 1.1 + 1, text };
}

function flatness(samples: readonly Sample[], seconds: number): { readonly isFlat: boolean; readonly text: string } {
  const warmS = Math.min(300, seconds / 3);
  const span = (seconds - warmS) / 4;
  // What the engine holds goes up and down by a third as it likes: its highest tells whether more and more is needed.
  const highest = (from: number, to: number): number =>
    Math.max(0, ...samples.flatMap(({ atS, mb }) => (atS >= from && atS < to ? [mb] : [])));
  const early = highest(0, warmS + span);
  const late = highest(seconds - span, seconds + 1);
  const text = `${early.toFixed(1)} MB at most until ${Math.round(warmS + span)} s, ${late.toFixed(1)} MB in the last ${Math.round(span)} s`;
  // A short run only warms up.
  return { isFlat: seconds < 300 || late <= early * MOST_GROWTH, text };
}

interface Vendors {
  readonly answered: ReadonlyMap<string, bigint>;
  readonly cutShort: ReadonlyMap<string, bigint>;
}

function readLedger(path: string, sent: ReadonlyMap<string, string>, { answered, cutShort }: Vendors) {
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
    if (how === 'shed') {
      if (outcome !== undefined) findings.push(`${id} was turned away and has a row`);
    } else if (outcome === undefined && how === 'left') leftWithoutRow++;
    else if (outcome === undefined) findings.push(`${id} (${how}) has no row`);
    else if (how === 'whole' && outcome !== 'ok') findings.push(`${id} was whole, and its row says ${outcome}`);
    else if (how === 'error' && outcome !== 'failed') findings.push(`${id} was an error, and its row says ${outcome}`);
    else if (how === 'left' && outcome !== 'left') findings.push(`${id} was left, and its row says ${outcome}`);
  }
  const attempts = db
    .prepare(
      `SELECT a.outcome, a.vendor_request_id AS id, a.cost_nano_usd AS nano, r.outcome AS ended
         FROM attempts a JOIN requests r ON r.seq = a.request`,
    )
    .all();
  let whole = 0;
  let nanoUsd = 0n;
  let vendorNanoUsd = 0n;
  const unclaimed = new Map(answered);
  for (const { outcome, id, nano, ended } of attempts) {
    if (outcome !== 'ok') continue;
    whole++;
    const cost = unclaimed.get(String(id)) ?? cutShort.get(String(id));
    unclaimed.delete(String(id));
    if (cost === undefined) findings.push(`the ledger has the answer ${String(id)}, and the simulator has not`);
    // Its caller left between the last word and the counts: unknown, never 0.
    else if (nano === null && ended === 'left') continue;
    else if (nano === null || BigInt(Number(nano)) !== cost)
      findings.push(`${String(id)} cost ${String(nano)} nano-USD, and ${cost} by the simulator`);
    nanoUsd += BigInt(Number(nano ?? 0));
    vendorNanoUsd += cost ?? 0n;
  }
  // The simulator had written its last byte when the caller left: then the attempt is on record as broken off.
  const broken = new Set(attempts.flatMap(({ outcome, id }) => (outcome === 'ok' ? [] : [String(id)])));
  const lost = [...unclaimed.keys()].filter((id) => !broken.has(id));
  // Whoever leaves before the head of an answer leaves no id behind.
  const nameless = attempts.filter(({ outcome, id }) => outcome === 'cancelled' && id === null).length;
  if (lost.length > nameless)
    findings.push(
      `${lost.length} whole answers of the simulator are no attempt of the ledger: ${lost.slice(0, 5).join(', ')}`,
    );
  db.close();
  return {
    rows: rows.length,
    leftWithoutRow,
    attempts: attempts.length,
    whole,
    nanoUsd,
    vendorNanoUsd,
    unwanted: unclaimed.size,
    findings,
  };
}
