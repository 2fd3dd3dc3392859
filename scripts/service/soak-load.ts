import type { Behaviour, Rule } from '../../packages/simulator/src/index.ts';
import type { CallOptions } from './callers.ts';

/** USD per million tokens, chosen so that an answer's cost is no whole number of nano-USD before it is rounded. */
const PRICES = { input: 0.1505, output: 0.6007 };

/** What the simulator says that an answer took, by model: its own count of the money rests on these alone. */
const USAGE: Readonly<Record<string, { readonly inputTokens: number; readonly outputTokens: number }>> = {
  small: { inputTokens: 101, outputTokens: 23 },
  stream: { inputTokens: 1_207, outputTokens: 311 },
  tools: { inputTokens: 733, outputTokens: 57 },
  big: { inputTokens: 60_001, outputTokens: 41 },
  long: { inputTokens: 19, outputTokens: 90_017 },
  hang: { inputTokens: 7, outputTokens: 7 },
  spare: { inputTokens: 203, outputTokens: 97 },
  'fail-500': { inputTokens: 1, outputTokens: 1 },
  'fail-404': { inputTokens: 1, outputTokens: 1 },
  'fail-429': { inputTokens: 1, outputTokens: 1 },
  'fail-cut': { inputTokens: 11, outputTokens: 13 },
  'fail-reset': { inputTokens: 1, outputTokens: 1 },
  'fail-garbage': { inputTokens: 1, outputTokens: 1 },
};

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  small: { words: 20 },
  stream: { words: 120, deltaChars: 12, eventMs: 8, firstEventMs: 20 },
  tools: { toolCalls: 'auto' },
  big: { words: 30 },
  long: { words: 60_000, deltaChars: 4_000 },
  hang: { headersMs: 30_000 },
  spare: { words: 60, deltaChars: 12 },
  'fail-500': { error: 500 },
  'fail-404': { error: 'model' },
  'fail-429': { error: { name: 'rate', hints: { retryAfter: 1 } } },
  'fail-cut': { words: 60, deltaChars: 12, fault: 'cut', atChars: 90 },
  'fail-reset': { fault: 'reset' },
  'fail-garbage': { fault: 'malformed' },
};

export const RULES: readonly Rule[] = Object.entries(BEHAVIOURS).map(([model, behaviour]) => ({
  match: { model },
  behaviour: { ...behaviour, usage: USAGE[model] },
}));

/** Nano-USD of one answer of a model, by the simulator's own arithmetic: whole pico-USD, rounded once, half up. */
export function nanoUsdOf(model: string): bigint {
  const usage = USAGE[model];
  if (usage === undefined) throw new Error(`no usage is set for ${model}`);
  const pico = (tokens: number, usdPerMillion: number): bigint =>
    BigInt(tokens) * BigInt(Math.round(usdPerMillion * 1_000_000));
  return (pico(usage.inputTokens, PRICES.input) + pico(usage.outputTokens, PRICES.output) + 500n) / 1_000n;
}

export function configFor(vendor: string): string {
  const pricing = (): string =>
    Object.keys(USAGE)
      .map((model) => `"${model}" = { input = ${PRICES.input}, output = ${PRICES.output} }`)
      .join('\n');
  const entry = (alias: string, lines: readonly string[]): string =>
    [
      `[providers.models.custom.${alias}]`,
      `uri = "${vendor}/v1"`,
      ...lines,
      `[providers.models.custom.${alias}.pricing]`,
      pricing(),
    ].join('\n');
  return `schema_version = 3
${entry('main', ['model = "small"', 'api_keys = ["soak-key-one", "soak-key-two"]', 'fallback = ["custom.spare"]'])}
${entry('spare', ['model = "spare"', 'api_key = "soak-key-spare"'])}
${entry('claude', ['model = "stream"', 'wire_api = "messages"', 'api_key = "soak-key-claude"'])}
[agents.default]
model_provider = "custom.main"
[reliability]
provider_backoff_ms = 50
[budgets]
daily_usd = 1000000.0
[budgets.per_agent.default]
monthly_usd = 1000000.0
`;
}

type Shape = Pick<CallOptions, 'path' | 'body' | 'leaveAfterMs' | 'slowMs'>;

export interface Scenario {
  readonly name: string;
  readonly weight: number;
  readonly make: (random: () => number) => Shape;
}

const TOOLS = [
  {
    type: 'function',
    function: { name: 'look', parameters: { type: 'object', properties: { at: { type: 'string' } } } },
  },
];
const filler = (bytes: number): string => 'All work and no play makes a dull load. '.repeat(Math.ceil(bytes / 40));

function chat(model: string, stream: boolean, content = 'How are you?', more: object = {}): Shape {
  const usage = stream ? { stream_options: { include_usage: true } } : {};
  return {
    path: '/v1/chat/completions',
    body: { model, stream, ...usage, messages: [{ role: 'user', content }], ...more },
  };
}

function message(model: string, stream: boolean): Shape {
  return {
    path: '/v1/messages',
    body: { model, stream, max_tokens: 500, messages: [{ role: 'user', content: 'How are you?' }] },
  };
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'whole', weight: 20, make: () => chat('custom.main/small', false) },
  { name: 'stream', weight: 20, make: () => chat('custom.main/stream', true) },
  { name: 'stream, relayed Messages', weight: 8, make: () => message('custom.claude/stream', true) },
  { name: 'stream, translated', weight: 8, make: () => message('custom.main/stream', true) },
  { name: 'tools', weight: 8, make: () => chat('custom.main/tools', true, 'Look around.', { tools: TOOLS }) },
  {
    name: 'big body',
    weight: 3,
    make: (random) => chat('custom.main/big', false, filler(50_000 + random() * 400_000)),
  },
  {
    name: 'caller leaves a stream',
    weight: 6,
    make: (random) => ({ ...chat('custom.main/stream', true), leaveAfterMs: 60 + random() * 300 }),
  },
  {
    name: 'caller leaves before headers',
    weight: 4,
    make: (random) => ({ ...chat('custom.main/hang', true), leaveAfterMs: 60 + random() * 1_000 }),
  },
  { name: 'slow caller', weight: 2, make: () => ({ ...chat('custom.main/long', true), slowMs: 60 }) },
  { name: 'vendor 500', weight: 3, make: () => chat('custom.main/fail-500', true) },
  { name: 'vendor 429', weight: 3, make: () => chat('custom.main/fail-429', false) },
  { name: 'vendor breaks off', weight: 4, make: () => chat('custom.main/fail-cut', true) },
  { name: 'vendor resets', weight: 3, make: () => chat('custom.main/fail-reset', true) },
  { name: 'vendor garbage', weight: 3, make: () => chat('custom.main/fail-garbage', false) },
  { name: 'vendor knows no such model', weight: 2, make: () => chat('custom.main/fail-404', false) },
  { name: 'wrong body', weight: 2, make: () => ({ path: '/v1/chat/completions', body: { model: 'small' } }) },
];

/** Numbers from 0 to 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function choose(random: () => number): Scenario {
  let left = random() * SCENARIOS.reduce((sum, { weight }) => sum + weight, 0);
  for (const scenario of SCENARIOS) {
    left -= scenario.weight;
    if (left < 0) return scenario;
  }
  return SCENARIOS[0] as Scenario;
}
