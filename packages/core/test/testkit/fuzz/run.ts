import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WIRE_CLIENTS } from '../../../src/library/wires.ts';
import { ProviderError } from '../../../src/spec/errors.ts';
import type { StreamEvent } from '../../../src/spec/event.ts';
import { validateStream } from '../../../src/stream/validate.ts';
import { DEFAULT_QUIRKS } from '../../../src/wires/quirks.ts';
import type { WireTarget } from '../../../src/wires/wire.ts';
import { MUTATIONS, randomPieces, seededRandom } from './mutations.ts';
import type { FuzzWire, Seed } from './seeds.ts';

const TARGET: WireTarget = { model: 'm', quirks: DEFAULT_QUIRKS, issuer: 'fuzz:m', defaults: {} };

/** What must stand, unbroken, in the bytes before an answer may count as finished. */
const TERMINAL: Readonly<Record<FuzzWire, RegExp>> = {
  'openai-chat': /"finish_reason"\s*:\s*"|^\s*\[DONE\]\s*$/,
  'openai-responses': /"response\.(?:completed|incomplete|failed)"|"status"\s*:\s*"(?:completed|incomplete|failed)"/,
  'anthropic-messages': /"message_stop"|"stop_reason"\s*:\s*"/,
  gemini: /"finishReason"\s*:|"blockReason"\s*:/,
  'bedrock-converse': /messageStop/,
  'ollama-chat': /"done"\s*:\s*true/,
  'cohere-chat': /"message-end"/,
  'gemini-interactions':
    /"interaction\.completed"|"status"\s*:\s*"(?:completed|requires_action|incomplete|budget_exceeded|requires_continuation)"/,
};

export interface FuzzFinding {
  readonly wire: FuzzWire;
  readonly what: string;
  readonly mutation: string;
  readonly seed: string;
  /** Of the case's own random source: the case can be run again alone. */
  readonly caseSeed: number;
}

export interface FuzzReport {
  readonly wire: FuzzWire;
  readonly cases: number;
  readonly seeds: number;
  readonly finished: number;
  /** Typed failures by kind. */
  readonly failed: Readonly<Record<string, number>>;
  readonly findings: readonly FuzzFinding[];
  readonly slowestMs: number;
  readonly tookMs: number;
  /** Growth of the used heap between the first tenth and the end, after garbage collection, bytes; 0 for few cases. */
  readonly heapGrowthBytes: number;
}

/** Longest a single case may take, measured twice; milliseconds. Streams are at most some ten thousand bytes long. */
const MAX_CASE_MS = 500;

/** Below this the heap is not looked at: collecting takes longer than the cases. */
const HEAP_CASES = 2000;

let collect: (() => void) | undefined;
function usedHeap(cases: number): number {
  if (cases < HEAP_CASES) return 0;
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  return process.memoryUsage().heapUsed;
}

/** A line counts only when it can be read to its end: half a final event is no final event. */
function hasTerminal(wire: FuzzWire, bytes: Buffer): boolean {
  const marker = TERMINAL[wire];
  if (wire === 'bedrock-converse') return marker.test(bytes.toString('latin1'));
  const text = bytes.toString('utf8');
  return text.split(/\r\n|\n|\r/).some((line) => {
    const data = line.replace(/^\uFEFF?\s*data\s*:/, '');
    if (!marker.test(data)) return false;
    if (/^\s*\[DONE\]\s*$/.test(data)) return true;
    // Some recorded servers write an event one brace short; the Responses decoder takes those on purpose.
    return readable(data) || (wire === 'openai-responses' && readable(`${data}}`));
  });
}

function readable(json: string): boolean {
  try {
    JSON.parse(json.trim());
    return true;
  } catch {
    return false;
  }
}

type Outcome = { readonly events: StreamEvent[] } | { readonly failure: unknown };

function decode(wire: FuzzWire, pieces: readonly Buffer[]): Outcome {
  const decoder = WIRE_CLIENTS[wire]?.createDecoder(TARGET);
  if (decoder === undefined) throw new Error(`no wire ${wire}`);
  const events: StreamEvent[] = [];
  try {
    for (const piece of pieces) events.push(...decoder.push(piece));
    events.push(...decoder.end());
    return { events };
  } catch (failure) {
    return { failure };
  }
}

function judge(wire: FuzzWire, bytes: Buffer, outcome: Outcome): string | undefined {
  if ('failure' in outcome) {
    if (ProviderError.is(outcome.failure)) return undefined;
    const { name, message, stack } = outcome.failure as Error;
    return `crash: ${name}: ${message} ${
      stack
        ?.split('\n')[1]
        ?.trim()
        .replace(/^.*\/src\//, 'src/') ?? ''
    }`;
  }
  const problems = validateStream(outcome.events);
  if (problems.length > 0) return `illegal stream: ${problems[0]}`;
  if (outcome.events.length > bytes.length + 16) return `${outcome.events.length} events from ${bytes.length} bytes`;
  return hasTerminal(wire, bytes) ? undefined : 'truncated success: finished without a terminal event in the bytes';
}

function oneCase(wire: FuzzWire, seeds: readonly Seed[], caseSeed: number) {
  const random = seededRandom(caseSeed);
  const seed = seeds[Math.floor(random() * seeds.length)] as Seed;
  const names = Object.keys(MUTATIONS);
  const mutation = names[Math.floor(random() * names.length)] as string;
  const bytes = MUTATIONS[mutation]?.(seed, random, seeds) ?? Buffer.alloc(0);
  const pieces = randomPieces(bytes, random);
  const started = performance.now();
  const outcome = decode(wire, pieces);
  const tookMs = performance.now() - started;
  return { seed, mutation, bytes, pieces, outcome, tookMs };
}

/** Runs `cases` mutations of the seeds through the wire's decoder. The same seed gives the same cases. */
export function fuzzWire(wire: FuzzWire, seeds: readonly Seed[], cases: number, seed: number): FuzzReport {
  const findings: FuzzFinding[] = [];
  const failed: Record<string, number> = {};
  const started = performance.now();
  let finished = 0;
  let slowestMs = 0;
  let heapAtStart = usedHeap(cases);
  for (let at = 0; at < cases; at += 1) {
    if (at === Math.ceil(cases / 10)) heapAtStart = usedHeap(cases);
    const caseSeed = (Math.imul(seed, 0x9e3779b1) + at) >>> 0;
    const tried = oneCase(wire, seeds, caseSeed);
    slowestMs = Math.max(slowestMs, tried.tookMs);
    const found = (what: string): void => {
      findings.push({ wire, what, mutation: tried.mutation, seed: tried.seed.name, caseSeed });
    };
    // A busy machine may stop anyone for a while; only what is slow again is slow.
    if (tried.tookMs > MAX_CASE_MS && oneCase(wire, seeds, caseSeed).tookMs > MAX_CASE_MS) found('hang');
    const what = judge(wire, tried.bytes, tried.outcome);
    if (what !== undefined) found(what);
    if ('events' in tried.outcome) finished += 1;
    else {
      const kind = ProviderError.is(tried.outcome.failure) ? tried.outcome.failure.kind : 'crash';
      failed[kind] = (failed[kind] ?? 0) + 1;
    }
  }
  const tookMs = performance.now() - started;
  const heapGrowthBytes = usedHeap(cases) - heapAtStart;
  return { wire, cases, seeds: seeds.length, finished, failed, findings, slowestMs, tookMs, heapGrowthBytes };
}
