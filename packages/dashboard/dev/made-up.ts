import type { Chain, Edge, Row, RouteStep, Target } from '../src/api/types.ts';

/** The same numbers for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const NAMES = [
  ['anthropic.main', 'anthropic', 'claude-sonnet-4-5'],
  ['anthropic.main', 'anthropic', 'claude-haiku-4-5'],
  ['openai.backup', 'openai', 'gpt-4o-mini'],
  ['llamacpp.local', 'llamacpp', 'qwen3-8b-instruct-q4_k_m'],
] as const;

export function madeUpTargets(at: number): Target[] {
  return NAMES.map(([entry, slot, model], index) => {
    const state = index === 0 ? 'cooling' : 'healthy';
    const until = index === 0 ? at + 42_000 : null;
    const reason = index === 0 ? 'rate-limit: the vendor asked to wait' : null;
    const keys = [{ key: `1a2b3c4${index}`, state, until, reason }] as const;
    return { id: `${entry}/${model}`, entry, slot, model, state, until, reason, keys, open: index };
  });
}

export const CHAINS: readonly Chain[] = [
  { name: 'default', model: '', targets: NAMES.map(([entry, , model]) => `${entry}/${model}`) },
  { name: 'researcher', model: 'researcher', targets: NAMES.slice(2).map(([entry, , model]) => `${entry}/${model}`) },
];

const FAILURES = ['rate-limit', 'overloaded', 'timeout', 'truncated'];

/** Finished requests as a gateway would have seen them. */
export function madeUpRow(random: () => number, id: number, endedAt: number): Row {
  const steps: RouteStep[] = [];
  const targets = CHAINS[0]?.targets ?? [];
  let position = random() < 0.5 ? 0 : 2;
  while (position < 3 && random() < 0.12) {
    const times = random() < 0.3 ? 2 : 1;
    const outcome = FAILURES[Math.floor(random() * FAILURES.length)] ?? 'server';
    for (let time = 0; time < times; time++)
      steps.push({
        target: targets[position] ?? '',
        outcome,
        reason: time === 0 ? 'next target' : 'same target again',
      });
    position += 1;
  }
  const isFailed = random() < 0.02;
  const target = targets[position] ?? '';
  const rescued = steps.at(-1)?.outcome === 'truncated' && !isFailed;
  steps.push({ target, outcome: isFailed ? 'overloaded' : 'ok', reason: 'next target' });
  const [entry = '', model = ''] = target.split('/');
  const firstContentMs = Math.round(120 + random() ** 3 * 2_400 + (steps.length - 1) * 300);
  const tookMs = Math.round(firstContentMs + random() ** 2 * 9_000);
  return {
    id: `req_${id.toString(36).padStart(10, '0')}`,
    startedAt: endedAt - tookMs,
    requestedModel: random() < 0.7 ? '' : model,
    outcome: isFailed ? 'overloaded' : random() < 0.01 ? 'cancelled' : 'ok',
    tookMs,
    attempts: steps.length,
    provider: entry,
    model,
    status: isFailed ? 503 : 200,
    errorCode: null,
    protocol: 'openai-chat',
    mode: 'stream',
    key: random() < 0.3 ? 'key_4f2a' : null,
    agent: random() < 0.2 ? 'researcher' : null,
    rescue: rescued ? 'replay' : null,
    firstContentMs: isFailed ? null : firstContentMs,
    inputTokens: Math.round(40 + random() ** 2 * 8_000),
    cacheReadTokens: null,
    cacheWriteTokens: null,
    outputTokens: isFailed ? null : Math.round(10 + random() * 900),
    reasoningTokens: null,
    costUsd: entry.startsWith('llamacpp') ? null : (random() * 0.02).toFixed(9),
    route: steps,
  };
}

export function edgesOf(rows: readonly Row[]): Edge[] {
  const edges = new Map<string, { from: string; to: string; count: number; failed: number }>();
  for (const { route } of rows) {
    let from = 'caller';
    for (const { target, outcome } of route ?? []) {
      if (target === from) continue;
      const key = `${from} ${target}`;
      const edge = edges.get(key) ?? { from, to: target, count: 0, failed: 0 };
      edge.count += 1;
      if (outcome !== 'ok') edge.failed += 1;
      edges.set(key, edge);
      from = target;
    }
  }
  return [...edges.values()];
}
