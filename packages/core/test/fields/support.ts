import { createRouter } from '../../src/config/resolve.ts';
import type { Config } from '../../src/config/model.ts';
import { WIRE_CLIENTS } from '../../src/library/wires.ts';
import { createHealth } from '../../src/route/health.ts';
import { startRun } from '../../src/route/run.ts';
import type { Plan } from '../../src/route/target.ts';
import type { AttemptRecord, ProviderError } from '../../src/spec/errors.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { SchemaValidator } from '../../src/spec/provider.ts';
import type { WireId } from '../../src/spec/wire-id.ts';
import type { HttpCall, Transport } from '../../src/transport/transport.ts';
import { allVendors } from '../../src/vendors/lookup.ts';
import type { VendorRow } from '../../src/vendors/row.ts';
import { load } from '../config/support.ts';
import { VirtualClock } from '../route/virtual.ts';

export const WIRES = Object.keys(WIRE_CLIENTS) as WireId[];

const WIRE_API: Readonly<Partial<Record<WireId, string>>> = {
  'openai-chat': 'chat_completions',
  'openai-responses': 'responses',
  'anthropic-messages': 'messages',
};

export interface Slot {
  readonly row: VendorRow;
  readonly wire: WireId;
  /** The lines every entry of this slot needs. */
  readonly lines: readonly string[];
}

/** Every slot that can be called, once for each of its protocols. */
export function slots(): Slot[] {
  return allVendors()
    .filter((row) => row.unavailable === undefined)
    .flatMap((row) => {
      const known = row.wires.filter((wire) => WIRES.includes(wire));
      return known
        .filter((wire) => wire === known[0] || WIRE_API[wire] !== undefined)
        .map((wire) => ({ row, wire, lines: linesFor(row, wire, wire !== known[0]) }));
    });
}

const FAMILY: Readonly<Record<string, string>> = {
  resource: 'res',
  deployment: 'dep',
  region: 'us-east-1',
  project: 'proj',
  account_id: 'acc',
  gateway: 'gw',
};

function linesFor(row: VendorRow, wire: WireId, spell: boolean): string[] {
  const lines = ['model = "test-model"', 'api_key = "id.secret-key-1"'];
  const address = Object.values(row.wireEndpoints?.[wire] ?? row.endpoints).join();
  if (address === '') lines.push('uri = "http://127.0.0.1:9/v1"');
  for (const [name, value] of Object.entries(FAMILY)) {
    if (row.fields?.includes(name) === true || address.includes(`{${name}}`)) lines.push(`${name} = "${value}"`);
  }
  if (spell) lines.push(`wire_api = "${WIRE_API[wire] ?? ''}"`);
  return lines;
}

export function configOf(slot: Slot, ...lines: readonly string[]): Config {
  const set = new Set(lines.map((line) => line.split('=')[0]?.trim()));
  const own = slot.lines.filter((line) => !set.has(line.split('=')[0]?.trim()));
  return load(`[providers.models.${slot.row.id}.a]\n${[...own, ...lines].join('\n')}\n`, {}, { wires: WIRES });
}

/** True when loading said that this field has no effect. */
export function isWarned(config: Config, slot: Slot, field: string): boolean {
  return config.report.warnings.some(
    ({ path, message }) => path?.includes(`${slot.row.id}.a.${field}`) === true && /no effect/.test(message),
  );
}

export function planOf(config: Config): Plan {
  return createRouter(config, { wires: WIRE_CLIENTS, env: {} }).plan();
}

export type Reply = { readonly status: number; readonly body: string; readonly stream?: boolean } | undefined;

export interface Sent {
  readonly calls: readonly HttpCall[];
  /** The body of the first call, parsed. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly events: readonly StreamEvent[];
  readonly error?: ProviderError;
  readonly attempts: readonly AttemptRecord[];
  readonly tookMs: number;
}

/** Runs one request through the plan against a vendor that answers as told; `undefined` never answers. */
export async function send(
  plan: Plan,
  request: ChatRequest,
  reply: (index: number, call: HttpCall) => Reply = () => ({ status: 418, body: '{"error":{"message":"no"}}' }),
  options: { readonly mode?: 'stream' | 'whole'; readonly validateSchema?: SchemaValidator } = {},
): Promise<Sent> {
  const clock = new VirtualClock();
  const calls: HttpCall[] = [];
  const transport: Transport = {
    close() {},
    start(call, handler) {
      calls.push(call);
      const answer = reply(calls.length - 1, call);
      const timer = clock.after(1, () => {
        if (answer === undefined) return;
        const type = answer.stream === true ? 'text/event-stream' : 'application/json';
        handler.onHead({ status: answer.status, headers: { 'content-type': type } });
        for (const byte of chunks(answer.body)) handler.onData(byte);
        handler.onEnd();
      });
      return { pause() {}, resume() {}, finish() {}, abort: () => clock.clear(timer) };
    },
  };
  const events: StreamEvent[] = [];
  const end: { over: boolean; error?: ProviderError; attempts: readonly AttemptRecord[] } = {
    over: false,
    attempts: [],
  };
  const { mode = 'whole', validateSchema } = options;
  startRun(
    plan,
    request,
    { mode, clock, transport, random: () => 0.5, health: createHealth(), log: () => {}, validateSchema },
    {
      onEvents: (more) => events.push(...more),
      onDone: ({ attempts }) => {
        Object.assign(end, { over: true, attempts });
      },
      onError: (error, attempts) => {
        Object.assign(end, { over: true, error, attempts });
      },
    },
  );
  for (let turn = 0; !end.over && turn < 1000; turn += 1) {
    for (let tick = 0; tick < 10; tick += 1) await Promise.resolve();
    if (!end.over && !clock.step()) await new Promise((resolve) => setImmediate(resolve));
  }
  const { error, attempts } = end;
  const body = JSON.parse(String(calls[0]?.body ?? '{}')) as Record<string, unknown>;
  return { calls, body, events, error, attempts, tookMs: clock.now() };
}

function chunks(text: string): Uint8Array[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.subarray(0, 10), bytes.subarray(10)].filter((piece) => piece.length > 0);
}
