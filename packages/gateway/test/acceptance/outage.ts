import { openBench, gatewayOf, type Bench } from './bench.ts';
import { ask } from './callers.ts';
import { chanceOf, piecesOf, textOf } from './chance.ts';
import { startRawVendor, type Act } from './raw-vendor.ts';
import { SPEECH } from './speech.ts';
import { errorBody, type Wire } from './wire.ts';

export interface Outage {
  readonly calls: number;
  readonly served: number;
  /** Calls to the primary during the outage. */
  readonly asked: number;
  readonly slowestMs: number;
  /** From the primary's recovery to its first answer; Infinity: never. */
  readonly backAfterMs: number;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A primary that is down for a while, in real time, with calls at a steady rate until it is back. */
export async function playOutage(options: {
  readonly wire: Wire;
  readonly fault: '503' | 'reset' | 'silent';
  readonly everyMs: number;
  readonly downMs: number;
  readonly atOnce?: number;
  readonly seed: number;
}): Promise<Outage> {
  const { wire, fault, everyMs, downMs, atOnce = 1, seed } = options;
  const chance = chanceOf(seed);
  const text = textOf(chance);
  const answer = (): Act => ({
    do: 'stream',
    end: 'clean',
    chunks: [Buffer.from(SPEECH[wire]({ pieces: piecesOf(text, chance), model: 'm', id: 'x1' }).events.join(''))],
  });
  const faults: Record<string, Act> = {
    '503': { do: 'status', status: 503, body: errorBody(wire, 'overloaded_error', null, 'down') },
    reset: { do: 'reset' },
    silent: { do: 'silent' },
  };
  const began = performance.now();
  const isDown = (): boolean => performance.now() - began < downMs;
  let asked = 0;
  let backAfterMs = Infinity;
  const bench: Bench = await openBench(
    [wire, wire],
    [
      () => {
        if (isDown()) {
          asked++;
          return faults[fault] as Act;
        }
        backAfterMs = Math.min(backAfterMs, performance.now() - began - downMs);
        return answer();
      },
      answer,
    ],
  );
  const asks: Promise<boolean>[] = [];
  let slowestMs = 0;
  let calls = 0;
  const call = async (): Promise<boolean> => {
    const saw = await ask(bench.url, wire, 'custom.primary');
    slowestMs = Math.max(slowestMs, saw.tookMs);
    return saw.complete && saw.text === text;
  };
  try {
    const isBack = (): boolean => backAfterMs < Infinity || performance.now() - began > downMs + 40_000;
    while (isDown() || !isBack()) {
      for (let index = 0; index < atOnce; index++) {
        if (isDown()) calls++;
        asks.push(call());
      }
      await wait(everyMs);
    }
    const served = (await Promise.all(asks)).filter(Boolean).length;
    return { calls, served: served - (asks.length - calls), asked, slowestMs, backAfterMs };
  } finally {
    await bench.close();
  }
}

/** Three gateways one behind the other over a vendor that always fails: what reaches the vendor. */
export async function playNested(wire: Wire): Promise<{ vendorCalls: number; status: number }> {
  const vendor = await startRawVendor(wire, () => ({
    do: 'status',
    status: 503,
    body: errorBody(wire, 'overloaded_error', null, 'down'),
  }));
  const gateways: { gateway: { close(options: { graceMs: number }): Promise<void> }; url: string }[] = [];
  try {
    let behind = vendor.url;
    for (let depth = 0; depth < 3; depth++) {
      const opened = await gatewayOf(`schema_version = 3
[providers.models.custom.primary]
uri = "${behind}/v1"
api_key = "sk-${depth}"
model = "${depth === 0 ? 'model' : 'custom.primary'}"
wire_api = "${wire}"
`);
      gateways.push(opened);
      behind = opened.url;
    }
    const saw = await ask(behind, wire, 'custom.primary');
    return { vendorCalls: vendor.received.length, status: saw.status };
  } finally {
    for (const { gateway } of gateways.toReversed()) await gateway.close({ graceMs: 0 });
    await vendor.close();
  }
}
