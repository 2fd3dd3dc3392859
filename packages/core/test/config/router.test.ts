import { describe, expect, it } from 'vitest';

import { createRouter } from '../../src/config/resolve.ts';
import type { ConfigRouter, Selector } from '../../src/config/router-types.ts';
import { DEFAULT_LIMITS, type Limits } from '../../src/route/target.ts';
import { RequestError } from '../../src/spec/errors.ts';
import type { JsonObject } from '../../src/spec/json.ts';
import { anthropicMessagesClient } from '../../src/wires/anthropic-messages/index.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';
import { load } from './support.ts';

const wires = { 'openai-chat': openaiChatClient, 'anthropic-messages': anthropicMessagesClient };

function routerOf(text: string, env: Record<string, string> = {}): ConfigRouter {
  const config = load(text, env);
  expect(config.report.errors).toEqual([]);
  return createRouter(config, { wires, env });
}

/** `entry model` of each target. */
function order(router: ConfigRouter, selector?: Selector): string[] {
  return router.plan(selector).targets.map((target) => `${target.entry} ${target.model}`);
}

const MAIN = `
[providers.models.anthropic.main]
model = "claude-sonnet-4-5"
api_keys = ["a1", "a2", "a3"]
fallback_models = ["claude-haiku-4-5"]
fallback = ["openai.backup", "custom.home"]

[providers.models.openai.backup]
api_key = "o1"
fallback_models = ["gpt-5-mini"]
fallback = ["groq.deep"]

[providers.models.groq.deep]
api_key = "g1"
model = "llama-3.3-70b-versatile"

[providers.models.custom.home]
uri = "http://127.0.0.1:9000/v1"
model = "house/model-1"

[agents.researcher]
model_provider = "openai.backup"
model = "gpt-5.1-pro"

[agents.default]
model_provider = "anthropic.main"

[agents.asleep]
enabled = false
model_provider = "anthropic.main"

[[model_routes]]
hint = "fast"
model_provider = "groq.deep"
model = "llama-3.1-8b-instant"
api_key = "route-key"

[[model_routes]]
hint = "fast-and-good"
provider = "openai.backup"
`;

const WALK = [
  'anthropic.main claude-sonnet-4-5',
  'anthropic.main claude-haiku-4-5',
  'openai.backup gpt-5.1',
  'openai.backup gpt-5-mini',
  'groq.deep llama-3.3-70b-versatile',
  'custom.home house/model-1',
];
const OPENAI_WALK = ['openai.backup gpt-5.1', 'openai.backup gpt-5-mini', 'groq.deep llama-3.3-70b-versatile'];
const replaced = (list: readonly string[], first: string) => [first, ...list.slice(1)];

describe('the walk', () => {
  it("is the entry's model, its fallback_models, then each fallback depth-first, each with its own keys", () => {
    const plan = routerOf(MAIN).plan();
    expect(plan.targets.map((target) => `${target.entry} ${target.model}`)).toEqual(WALK);
    const keys = plan.targets.map((target) => target.keys.map((key) => key.secret?.reveal() ?? 'none').join());
    expect(keys).toEqual(['a1,a2,a3', 'a1,a2,a3', 'o1', 'o1', 'g1', 'none']);
    expect(plan.requestedModel).toBe('claude-sonnet-4-5');
    expect(plan.warnings).toEqual([]);
  });

  it('calls each target at its own address with its own key', () => {
    const calls = routerOf(MAIN)
      .plan()
      .targets.map((target) => {
        if (!('endpoint' in target.via)) throw new Error('no endpoint');
        const { endpoint } = target.via;
        const headers = endpoint.headersFor(target.keys[0] ?? { fingerprint: 'none' });
        return `${endpoint.urlFor('/x')} ${headers['x-api-key'] ?? headers['authorization'] ?? '-'}`;
      });
    expect(calls).toEqual([
      'https://api.anthropic.com/v1/x a1',
      'https://api.anthropic.com/v1/x a1',
      'https://api.openai.com/v1/x Bearer o1',
      'https://api.openai.com/v1/x Bearer o1',
      'https://api.groq.com/openai/v1/x Bearer g1',
      'http://127.0.0.1:9000/v1/x -',
    ]);
  });

  it('visits an entry that two fallbacks share once, and survives cycles from every start', () => {
    const entry = (name: string, fallback: string) =>
      `[providers.models.custom.${name}]\nuri = "http://127.0.0.1:1"\nmodel = "${name}"\nfallback = ${fallback}\n`;
    const router = routerOf(
      entry('a', '["custom.b", "custom.c"]') +
        entry('b', '["custom.d"]') +
        entry('c', '["custom.d", "custom.a"]') +
        entry('d', '["custom.b"]'),
    );
    expect(order(router)).toEqual(['custom.a a', 'custom.b b', 'custom.d d', 'custom.c c']);
    expect(router.plan().warnings).toHaveLength(2);
    expect(order(router, 'custom.d')).toEqual(['custom.d d', 'custom.b b']);
  });

  it('is linear in a dense graph of entries', () => {
    const names = Array.from({ length: 40 }, (_item, index) => `e${index}`);
    const text = names
      .map((name, index) => {
        const later = names.slice(index + 1).map((other) => `"custom.${other}"`);
        return `[providers.models.custom.${name}]\nuri = "http://127.0.0.1:1"\nmodel = "${name}"\nfallback = [${later.join()}]\n`;
      })
      .join('');
    expect(routerOf(text).plan().targets).toHaveLength(40);
  });

  it('never hands a model of one vendor to a spare of another, and follows model_fallbacks', () => {
    const router = routerOf(`
[providers.models.google.main]
api_key = "g"
model = "gemini-2.0-flash-exp"
[providers.models.anthropic.spare]
api_key = "a"
[providers.models.openai.spare]
api_key = "o"
[reliability]
fallback_providers = ["anthropic", "openai.spare"]
[reliability.model_fallbacks]
"gemini-2.0-flash-exp" = ["gemini-1.5-pro"]
"claude-opus-4" = ["claude-sonnet-4"]
`);
    expect(order(router)).toEqual([
      'google.main gemini-2.0-flash-exp',
      'google.main gemini-1.5-pro',
      'anthropic.spare claude-opus-4',
      'anthropic.spare claude-sonnet-4',
      'openai.spare gpt-5.1',
    ]);
    expect(router.plan().targets[0]?.slot).toBe('gemini');
  });
});

describe('what a requested model means', () => {
  it.each<[string | undefined, readonly string[]]>([
    [undefined, WALK],
    ['', WALK],
    ['default', WALK],
    ['anthropic.main', WALK],
    ['anthropic.main/claude-opus-4-5', replaced(WALK, 'anthropic.main claude-opus-4-5')],
    ['openai.backup', OPENAI_WALK],
    ['custom.home/a/b', ['custom.home a/b']],
    ['researcher', replaced(OPENAI_WALK, 'openai.backup gpt-5.1-pro')],
    ['hint:fast', ['groq.deep llama-3.1-8b-instant']],
    ['hint:fast-and-good', OPENAI_WALK],
    ['fast-model', ['groq.deep llama-3.1-8b-instant']],
    ['fast-and-good-2', replaced(OPENAI_WALK, 'openai.backup fast-and-good-2')],
    ['openai/gpt-4o', replaced(OPENAI_WALK, 'openai.backup gpt-4o')],
    ['claude/claude-x', replaced(WALK, 'anthropic.main claude/claude-x')],
    ['gpt-5-mini', ['openai.backup gpt-5-mini', 'groq.deep llama-3.3-70b-versatile']],
    ['house/model-1', ['custom.home house/model-1']],
    ['gpt-4.1', replaced(WALK, 'anthropic.main gpt-4.1')],
    ['nobody/knows-this', replaced(WALK, 'anthropic.main nobody/knows-this')],
  ])('%s', (model, expected) => {
    const router = routerOf(MAIN);
    expect(order(router, model)).toEqual(expected);
    expect(order(router, { model })).toEqual(expected);
  });

  it('a route uses its own key at its entry and nowhere else', () => {
    const router = routerOf(`${MAIN}
[[model_routes]]
hint = "deep"
provider = "openai.backup"
api_key = "second-route-key"
`);
    const keys = router
      .plan('hint:deep')
      .targets.map((target) => target.keys.map((key) => key.secret?.reveal()).join());
    expect(keys).toEqual(['second-route-key', 'second-route-key', 'g1']);
  });

  it.each(['hint:nothing', 'asleep'])('%s is an unknown model: 404 that names what there is', (model) => {
    const router = routerOf(MAIN);
    expect(() => router.plan(model)).toThrow(RequestError);
    expect(() => router.plan(model)).toThrow(
      expect.objectContaining({ status: 404, code: 'model_not_found', param: 'model' }),
    );
  });

  it('without any entry every name is unknown', () => {
    const router = routerOf('');
    expect(() => router.plan('x')).toThrow(/no provider is configured/);
    expect(() => router.plan()).toThrow(RequestError);
  });

  it('an entry that cannot be used says why', () => {
    const router = routerOf(`${MAIN}[providers.models.mistral.nokey]\n`);
    expect(() => router.plan('mistral.nokey')).toThrow(/no credential.*MISTRAL_API_KEY/);
  });

  it('lists agents, entries, hints and models once', () => {
    const ids = routerOf(MAIN)
      .models()
      .map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(ids).toEqual(expect.arrayContaining(['default', 'researcher', 'anthropic.main', 'hint:fast', 'gpt-5-mini']));
    expect(ids).not.toContain('asleep');
  });
});

describe('routing options of the body', () => {
  const plan = (routing: JsonObject, model?: string) => order(routerOf(MAIN), { model, routing });

  it.each<[JsonObject, string | undefined, readonly string[]]>([
    [
      { models: ['gpt-5-mini', 'custom.home'] },
      'claude-sonnet-4-5',
      [WALK[0], WALK[3], WALK[5], WALK[1], WALK[2], WALK[4]] as string[],
    ],
    [
      { fallbacks: ['openai/gpt-4o', { model: 'researcher' }] },
      undefined,
      [WALK[0], 'openai.backup gpt-4o', 'openai.backup gpt-5.1-pro', ...WALK.slice(1)] as string[],
    ],
    [
      { models: ['gpt-5-mini'], provider: { allow_fallbacks: false } },
      'claude-sonnet-4-5',
      [WALK[0], WALK[3], WALK[1]] as string[],
    ],
    [
      { provider: { order: ['groq', 'openai.backup'] } },
      undefined,
      [WALK[4], WALK[2], WALK[3], WALK[0], WALK[1], WALK[5]] as string[],
    ],
    [{ provider: { order: ['openai'], allow_fallbacks: false } }, undefined, [WALK[2], WALK[3]] as string[]],
    [{ provider: { only: ['Anthropic'] } }, undefined, WALK.slice(0, 2)],
    [{ provider: { ignore: ['anthropic', 'custom.home'] } }, undefined, WALK.slice(2, 5)],
    [{ provider: { allow_fallbacks: false } }, undefined, WALK.slice(0, 2)],
    [{ disable_fallbacks: true }, undefined, WALK.slice(0, 2)],
    [{ provider: { only: ['openai'] } }, 'custom.home/gpt-4o', ['openai.backup gpt-4o']],
    [{ provider: { sort: 'price', data_collection: 'deny' }, route: 'fallback' }, undefined, WALK],
  ])('%j for %s', (routing, model, expected) => {
    expect(plan(routing, model)).toEqual(expected);
  });

  it('num_retries and timeout become limits; the deadline only shrinks', () => {
    const router = routerOf(`${MAIN}[reliability]\ndeadline_secs = 100\n`);
    expect(router.plan({ routing: { num_retries: 0, timeout: 3 } }).limits).toMatchObject({
      retriesPerTarget: 0,
      deadlineMs: 3000,
    });
    expect(router.plan({ routing: { timeout: 500 } }).limits.deadlineMs).toBe(100_000);
    expect(router.plan().limits.deadlineMs).toBe(100_000);
  });

  it.each<[JsonObject, string]>([
    [{ models: 'x' }, 'models'],
    [{ models: [1] }, 'models[0]'],
    [{ provider: 'openai' }, 'provider'],
    [{ provider: { order: {} } }, 'provider.order'],
    [{ provider: { allow_fallbacks: 'no' } }, 'provider.allow_fallbacks'],
    [{ num_retries: -1 }, 'num_retries'],
    [{ timeout: 0 }, 'timeout'],
  ])('%j is a wrong request', (routing, param) => {
    expect(() => plan(routing)).toThrow(expect.objectContaining({ status: 400, param }));
  });

  it('nothing left is 404', () => {
    expect(() => plan({ provider: { only: ['mistral'] } })).toThrow(expect.objectContaining({ status: 404 }));
  });
});

describe('limits', () => {
  it('have the defaults, raised so that each key of each target is reached', () => {
    const { limits } = routerOf(MAIN).plan();
    expect(limits).toEqual({ ...DEFAULT_LIMITS, maxAttempts: 10 });
  });

  it('are what [reliability] says', () => {
    const { limits, routeAroundContentPolicy } = routerOf(`${MAIN}
[reliability]
provider_retries = 4
provider_backoff_ms = 50
provider_backoff_cap_ms = 60
max_attempts = 3
deadline_secs = 1.5
connect_timeout_secs = 2
hedge_secs = 2.5
first_content_secs = 3
first_content_last_secs = 4
whole_answer_secs = 5
whole_answer_last_secs = 6
idle_secs = 7
retry_after_wait_secs = 0
min_chars_per_sec = 3
throughput_window_secs = 4
route_around_content_policy = true
`).plan();
    expect(limits).toEqual({
      retriesPerTarget: 4,
      backoffMs: 50,
      backoffCapMs: 60,
      maxAttempts: 3,
      deadlineMs: 1500,
      connectMs: 2000,
      hedgeMs: 2500,
      firstContentMs: 3000,
      firstContentLastMs: 4000,
      wholeAnswerMs: 5000,
      wholeAnswerLastMs: 6000,
      idleMs: 7000,
      retryAfterWaitMs: 0,
      minCharsPerSecond: 3,
      throughputWindowMs: 4000,
    });
    expect(routeAroundContentPolicy).toBe(true);
  });

  it('follow the model where they are not stated, unless adaptive_limits is off', () => {
    const moving = ({ hedgeRangeMs, firstContentRangeMs }: Limits) => [hedgeRangeMs, firstContentRangeMs];
    const limitsOf = (lines: string) => routerOf(`${MAIN}\n[reliability]\n${lines}\n`).plan().limits;
    expect(moving(limitsOf('idle_secs = 9'))).toEqual([
      [3_000, 11_000],
      [8_000, 25_000],
    ]);
    expect(moving(limitsOf('hedge_secs = 9'))).toEqual([undefined, [8_000, 25_000]]);
    expect(moving(limitsOf('first_content_secs = 9'))).toEqual([[3_000, 11_000], undefined]);
    expect(moving(limitsOf('adaptive_limits = false'))).toEqual([undefined, undefined]);
  });
});

describe('the fields of an entry reach its calls', () => {
  it('temperature is absent when unset; limits, headers and quirks are carried', () => {
    const router = routerOf(`
[providers.models.custom.plain]
uri = "http://127.0.0.1:9000"
[providers.models.custom.full]
uri = "http://127.0.0.1:9000/v1/chat/completions?tenant=7"
model = "m"
api_key = "k"
temperature = 0.3
max_tokens = 9
think = false
timeout_secs = 1.5
native_tools = false
vision = false
merge_system_into_user = true
context_window = 1234
chat_template_kwargs = { enable_thinking = false }
provider_extra = { top_k = 3 }
extra_headers = { X-Team = "blue", Host = "ignored" }
`);
    const [plain] = router.plan('custom.plain/m').targets;
    const [full] = router.plan('custom.full').targets;
    if (plain === undefined || full === undefined || !('endpoint' in plain.via) || !('endpoint' in full.via))
      throw new Error('no targets');
    expect(Object.values(plain.via.endpoint.defaults).filter((value) => value !== undefined)).toEqual([]);
    expect(full.via.endpoint.defaults).toEqual({
      temperature: 0.3,
      maxTokens: 9,
      think: false,
      chatTemplateKwargs: { enable_thinking: false },
      providerExtra: { top_k: 3 },
    });
    expect(full).toMatchObject({ contextWindow: 1234, vision: false, nativeTools: false });
    expect(full.via.endpoint.timeoutMs).toBe(1500);
    expect(full.via.endpoint.urlFor('/chat/completions')).toBe('http://127.0.0.1:9000/v1/chat/completions?tenant=7');
    expect(full.via.endpoint.headersFor({ fingerprint: 'none' })).toEqual({ 'x-team': 'blue' });
    expect(full.via.endpoint.quirksFor('m')).toMatchObject({ systemRole: 'merge', reasoningStyle: 'enable_thinking' });
  });
});
