/**
 * The acceptance list of the reliability core, in real time, with default settings, over vendors on bare sockets that
 * misbehave in bytes: `npm run acceptance -- --seed 7 --rounds 3`. One row for each fault and pair of protocols with
 * `--all`, else one for each fault. Exit code 1 when a line is missed; a miss prints the seed of its case, and
 * `--case SEED` plays those of one seed again.
 */
import { parseArgs } from 'node:util';
import { stolen } from '../packages/gateway/test/acceptance/fair-time.ts';
import { playNested, playOutage } from '../packages/gateway/test/acceptance/outage.ts';
import {
  casesOf,
  inParallel,
  nameOf,
  play,
  type Case,
  type Verdict,
} from '../packages/gateway/test/acceptance/play.ts';
import { SHORT, WIRES } from '../packages/gateway/test/acceptance/wire.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    rounds: { type: 'string', default: '1' },
    only: { type: 'string' },
    case: { type: 'string' },
    'no-slow': { type: 'boolean', default: false },
    'no-outage': { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
  },
});

interface Row {
  readonly line: string;
  readonly pair: string;
  readonly saw: string;
  readonly tookMs: number;
  readonly wrong?: string;
}

const rows: Row[] = [];
const seed = Number(values.seed);
console.log(`seed ${seed}`);

const chosen = casesOf(seed, Number(values.rounds)).filter(
  (one) =>
    (values.only === undefined || one.fault.name.includes(values.only)) &&
    (values.case === undefined || one.seed === Number(values.case)) &&
    !(values['no-slow'] && one.fault.slow === true),
);

async function playCase(one: Case): Promise<void> {
  const verdict: Verdict = await play(one).catch((error: unknown) => ({
    tookMs: 0,
    saw: 'nothing',
    wrong: String(error),
  }));
  const wrong = verdict.wrong === undefined ? undefined : `${verdict.wrong} (--seed ${seed} --case ${one.seed})`;
  rows.push({ line: one.fault.name, pair: nameOf(one), saw: verdict.saw, tookMs: verdict.tookMs, wrong });
}

async function playOutages(): Promise<void> {
  const kinds = WIRES.flatMap((wire, index) => [
    { wire, fault: '503' as const, everyMs: 1_000 },
    {
      wire,
      fault: (['reset', 'silent', '503'] as const)[index] ?? '503',
      everyMs: index === 2 ? 4_000 : 500,
      atOnce: index === 0 ? 5 : 1,
    },
  ]);
  await Promise.all(
    kinds.map(async (kind) => {
      const { calls, served, asked, slowestMs, backAfterMs } = await playOutage({ ...kind, downMs: 60_000, seed });
      const wrong =
        served !== calls
          ? `${calls - served} of ${calls} calls not served`
          : asked > calls
            ? `${asked} attempts on the primary for ${calls} calls`
            : backAfterMs > 30_000
              ? `back after ${Math.round(backAfterMs / 1000)} s`
              : undefined;
      rows.push({
        line: `outage of 60 s (${kind.fault}, ${kind.atOnce ?? 1} every ${kind.everyMs / 1000} s)`,
        pair: SHORT[kind.wire],
        saw: `${served} of ${calls} served, ${asked} attempts on the primary, back after ${(backAfterMs / 1000).toFixed(1)} s`,
        tookMs: slowestMs,
        wrong,
      });
    }),
  );
}

async function playNests(): Promise<void> {
  for (const wire of WIRES) {
    const { vendorCalls, status } = await playNested(wire);
    const wrong =
      vendorCalls > 6 ? `${vendorCalls} calls reached the vendor` : status < 500 ? `status ${status}` : undefined;
    rows.push({
      line: 'three nested gateways',
      pair: SHORT[wire],
      saw: `${vendorCalls} vendor attempts`,
      tookMs: 0,
      wrong,
    });
  }
}

const everything = values.only === undefined && values.case === undefined;
const slow = chosen.filter((one) => one.fault.slow === true);
const quick = chosen.filter((one) => one.fault.slow !== true);
await Promise.all([
  everything && !values['no-outage'] ? playOutages() : undefined,
  // Those that wait cost no work while they do.
  staggered(slow, 250, playCase),
  inParallel(quick, 1, playCase),
]);
if (everything) await playNests();

const shown = values.all ? rows : summed(rows);
const width = (field: 'line' | 'pair' | 'saw'): number => Math.max(...shown.map((row) => row[field].length));
const [line, pair, saw] = [width('line'), width('pair'), width('saw')];
for (const row of shown)
  console.log(
    `${row.wrong === undefined ? 'ok  ' : 'MISS'}  ${row.line.padEnd(line)}  ${row.pair.padEnd(pair)}  ${row.saw.padEnd(saw)}  ${(row.tookMs / 1000).toFixed(1)} s${row.wrong === undefined ? '' : `  ${row.wrong}`}`,
  );
const missed = rows.filter((row) => row.wrong !== undefined).length;
console.log(`${rows.length} cases, ${missed} missed`);
if (stolen() > 1_000)
  console.log(`This process stood still for ${Math.round(stolen() / 1000)} s in all; that time is not counted.`);
process.exitCode = missed === 0 ? 0 : 1;

/** Starts one after the other without waiting for its end: a hundred at once would measure this process, not the gateway. */
async function staggered(todo: readonly Case[], everyMs: number, run: (one: Case) => Promise<void>): Promise<void> {
  const running: Promise<void>[] = [];
  for (const one of todo) {
    running.push(run(one));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await Promise.all(running);
}

/** One row for each fault, and every miss. */
function summed(all: readonly Row[]): Row[] {
  const lines = [...new Set(all.map((row) => row.line))];
  return lines.flatMap((name) => {
    const mine = all.filter((row) => row.line === name);
    const wrong = mine.filter((row) => row.wrong !== undefined);
    const good = mine.filter((row) => row.wrong === undefined);
    const words = [...new Set(good.map((row) => row.saw))];
    const sum: Row = {
      line: name,
      pair: good.length === 1 ? (good[0]?.pair ?? '') : `${good.length} of ${mine.length} cases`,
      saw: words.length > 3 ? `${words.length} outcomes` : words.join(' / '),
      tookMs: Math.max(0, ...good.map((row) => row.tookMs)),
    };
    return good.length === 0 ? wrong : [sum, ...wrong];
  });
}
