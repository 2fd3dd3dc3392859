import type { RescuePolicy } from '../../src/route/decide-rescue.ts';
import type { ErrorKind } from '../../src/spec/errors.ts';
import type { FinishReason } from '../../src/spec/event.ts';
import { seeded } from './clock.ts';

/** What a vendor does with one call. Times in milliseconds. */
export type Act =
  | { readonly do: 'answer'; readonly shape: AnswerShape }
  | {
      readonly do: 'status';
      readonly status: number;
      readonly kind: ErrorKind;
      readonly afterMs: number;
      readonly retryAfterMs?: number;
      readonly shouldRetry?: boolean;
      readonly parameter?: string;
    }
  | { readonly do: 'refuse' | 'silent' | 'head-silent' | 'empty-body' | 'unwritable' }
  | { readonly do: 'reset'; readonly afterMs: number };

export type AnswerEnd =
  | 'ok'
  | 'cut'
  | 'clean-cut'
  | 'stall'
  | 'error-event'
  | 'garbage'
  | 'no-finish'
  /** The finish reason came, the socket stays open without an end. */
  | 'hangs-open'
  | 'finish-error';

export interface AnswerShape {
  readonly headMs: number;
  readonly gapMs: number;
  /** Events in one chunk of bytes, at most. */
  readonly perChunk: number;
  /** Bytes are also cut inside events. */
  readonly ragged: boolean;
  readonly reasoning?: 'plain' | 'signed';
  readonly blocks: 1 | 2;
  readonly tool: boolean;
  /** The text is another one from this character on. */
  readonly divergeAt?: number;
  readonly end: AnswerEnd;
  /** Where `end` strikes, as a share of the answer's events. */
  readonly at: number;
  readonly finish: FinishReason;
  readonly empty?: boolean;
  /** What becomes of a request that ends in an assistant turn. */
  readonly prefill: 'continue' | 'refuse' | 'echo' | 'other' | 'space-lost' | 'nothing';
  /** Errors inside the answer are of this kind. */
  readonly inBand: ErrorKind;
}

export interface TargetSpec {
  readonly entry: string;
  readonly model: string;
  readonly keys: number;
  readonly prefill: 'none' | 'last-assistant' | 'prefix-flag';
  readonly contextWindow?: number;
  readonly retries?: number;
  /** A hand-written Provider instead of a wire. */
  readonly provider?: boolean;
  /** For its first, second, … call; a plain answer after the last. */
  readonly acts: readonly Act[];
}

export interface RequestSpec {
  readonly startMs: number;
  readonly text: string;
  readonly mode: 'stream' | 'whole';
  /** The caller goes away so long after its start. */
  readonly leavesMs?: number;
  /** How it goes away. */
  readonly leavesBy?: 'cancel' | 'signal';
  /** It goes away from inside a callback, at the first of these. */
  readonly leavesOn?: 'commit' | 'events' | 'answering';
  /** Does not read between these two times after its start. */
  readonly pause?: { readonly fromMs: number; readonly toMs: number };
}

export interface Schedule {
  readonly seed: number;
  readonly targets: readonly TargetSpec[];
  readonly deadlineMs: number;
  /** Absent: as the product computes it. */
  readonly maxAttempts?: number;
  readonly rescue: RescuePolicy;
  readonly requests: readonly RequestSpec[];
}

export const PLAIN: Act = {
  do: 'answer',
  shape: {
    headMs: 5,
    gapMs: 1,
    perChunk: 4,
    ragged: false,
    blocks: 1,
    tool: false,
    end: 'ok',
    at: 1,
    finish: 'stop',
    prefill: 'continue',
    inBand: 'server',
  },
};

class Dice {
  readonly next: () => number;
  constructor(seed: number) {
    this.next = seeded(seed);
  }
  chance(share: number): boolean {
    return this.next() < share;
  }
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
  of<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }
}

const WORDS = [
  'so',
  'the',
  'answer',
  'is',
  'forty',
  'two',
  'or  ',
  'not',
  'at',
  'all',
  'we',
  'think\n',
  'ünïcødé',
  '😀',
];

function textOf(dice: Dice): string {
  const count = dice.int(1, dice.chance(0.1) ? 30 : 9);
  return Array.from({ length: count }, () => dice.of(WORDS)).join(' ');
}

const ENDS: readonly AnswerEnd[] = [
  'cut',
  'clean-cut',
  'stall',
  'error-event',
  'garbage',
  'no-finish',
  'hangs-open',
  'finish-error',
];

function shape(dice: Dice): AnswerShape {
  const healthy = dice.chance(0.4);
  const slow = dice.chance(0.15);
  return {
    headMs: slow ? (dice.chance(0.5) ? dice.int(7_500, 11_500) : dice.int(4_000, 30_000)) : dice.int(0, 400),
    gapMs: dice.chance(0.05) ? dice.int(1_000, 9_000) : dice.int(0, 50),
    perChunk: dice.int(1, 8),
    ragged: dice.chance(0.3),
    reasoning: dice.chance(0.25) ? dice.of(['plain', 'plain', 'signed'] as const) : undefined,
    blocks: dice.chance(0.15) ? 2 : 1,
    tool: dice.chance(0.15),
    divergeAt: dice.chance(0.12) ? dice.int(0, 30) : undefined,
    end: healthy ? 'ok' : dice.of(ENDS),
    at: dice.next(),
    finish: dice.chance(0.9)
      ? 'stop'
      : dice.of(['length', 'content-filter', 'refusal', 'pause', 'other', 'tool-calls'] as const),
    empty: dice.chance(0.05),
    prefill: dice.of(['continue', 'continue', 'refuse', 'echo', 'other', 'space-lost', 'nothing'] as const),
    inBand: dice.of(['server', 'overloaded', 'rate-limit', 'content-policy', 'quota'] as const),
  };
}

const STATUSES: readonly (readonly [number, ErrorKind])[] = [
  [400, 'invalid-request'],
  [400, 'context-window'],
  [400, 'content-policy'],
  [401, 'auth'],
  [402, 'quota'],
  [403, 'permission'],
  [404, 'model-not-found'],
  [413, 'request-too-large'],
  [429, 'rate-limit'],
  [429, 'rate-limit'],
  [429, 'quota'],
  [500, 'server'],
  [503, 'overloaded'],
  [500, 'server'],
  [503, 'overloaded'],
];

function act(dice: Dice): Act {
  const roll = dice.next();
  if (roll < 0.5) return { do: 'answer', shape: shape(dice) };
  if (roll < 0.8) {
    const [status, kind] = dice.of(STATUSES);
    return {
      do: 'status',
      status,
      kind,
      afterMs: dice.chance(0.1) ? dice.int(3_000, 20_000) : dice.int(0, 300),
      retryAfterMs: dice.chance(0.3) ? dice.of([0, 20, 900, 3_000, 12_000, 90_000]) : undefined,
      shouldRetry: dice.chance(0.1) ? dice.chance(0.5) : undefined,
    };
  }
  if (roll < 0.84) return { do: 'status', status: 400, kind: 'unsupported', parameter: 'temperature', afterMs: 3 };
  if (roll < 0.88) return { do: 'reset', afterMs: dice.chance(0.2) ? 7_000 : dice.int(0, 50) };
  return { do: dice.of(['refuse', 'refuse', 'silent', 'silent', 'head-silent', 'empty-body', 'unwritable'] as const) };
}

function targetSpec(dice: Dice, index: number, before: readonly TargetSpec[]): TargetSpec {
  const last = before.at(-1);
  const sibling = dice.chance(0.3) && last?.provider !== true ? last : undefined;
  const wellAlways = dice.chance(0.15);
  const broken = !wellAlways && dice.chance(0.15) ? act(dice) : undefined;
  const acts = Array.from({ length: wellAlways ? 0 : dice.int(0, 7) }, () => broken ?? act(dice));
  return {
    entry: sibling?.entry ?? `vendor${index}.main`,
    model: `m${index}`,
    keys: sibling?.keys ?? (dice.chance(0.7) ? 1 : dice.int(2, 3)),
    prefill: dice.of(['none', 'none', 'last-assistant', 'prefix-flag'] as const),
    contextWindow: dice.chance(0.4) ? dice.of([8_000, 32_000, 200_000]) : undefined,
    retries: dice.chance(0.1) ? dice.int(0, 3) : undefined,
    provider: sibling === undefined && dice.chance(0.04) ? true : undefined,
    acts,
  };
}

function requestSpec(dice: Dice, index: number): RequestSpec {
  const leaves = dice.chance(0.12);
  return {
    startMs: index === 0 ? 0 : dice.chance(0.3) ? dice.int(0, 40_000) : dice.int(0, 60),
    text: textOf(dice),
    mode: dice.chance(0.8) ? 'stream' : 'whole',
    leavesMs: leaves ? (dice.chance(0.3) ? dice.int(0, 30_000) : dice.int(0, 300)) : undefined,
    leavesBy: dice.chance(0.5) ? 'signal' : 'cancel',
    leavesOn: dice.chance(0.03) ? dice.of(['commit', 'events', 'answering'] as const) : undefined,
    pause: dice.chance(0.1) ? pauseOf(dice) : undefined,
  };
}

function pauseOf(dice: Dice): { fromMs: number; toMs: number } {
  const fromMs = dice.int(0, 400);
  return { fromMs, toMs: fromMs + (dice.chance(0.3) ? dice.int(1_000, 60_000) : dice.int(1, 200)) };
}

/** The schedule of a seed: who is asked, what they do, who asks and how patient they are. */
export function scheduleOf(seed: number): Schedule {
  const dice = new Dice(seed);
  const targets: TargetSpec[] = [];
  const many = dice.of([1, 2, 2, 2, 3, 3, 4]);
  for (let index = 0; index < many; index++) targets.push(targetSpec(dice, index, targets));
  const asked = dice.of([1, 1, 1, 1, 2, 2, 3, dice.chance(0.2) ? 10 : 4]);
  return {
    seed,
    targets,
    deadlineMs: dice.chance(0.15) ? dice.int(200, 20_000) : 600_000,
    maxAttempts: dice.chance(0.15) ? dice.int(1, 4) : undefined,
    rescue: dice.of(['verified', 'verified', 'verified', 'continue', 'off'] as const),
    requests: Array.from({ length: asked }, (_, index) => requestSpec(dice, index)),
  };
}
