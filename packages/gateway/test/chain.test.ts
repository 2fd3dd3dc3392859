import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { createStandin } from '@standin/core/library/create-standin';
import { Secret, systemClock, type Clock } from '@standin/core/spec/index';
import { startSimulator, type Behaviour, type Simulator } from '@standin/simulator';
import { createGateway, type Gateway } from '../src/index.ts';

/**
 * Three keys, two fallback models and two fallback providers, on real sockets, through a config and the gateway: every
 * failure of the walk's table at every position before the commit point. The simulators' records say which key,
 * model and endpoint each attempt used.
 */
const MAIN_KEYS = ['sk-main-a', 'sk-main-b', 'sk-main-c'];
const HOMES = ['main', 'spare', 'last'] as const;
type Home = (typeof HOMES)[number];
const KEYS: Record<Home, readonly string[]> = { main: MAIN_KEYS, spare: ['sk-spare'], last: ['sk-last'] };

/** Waits pass forty times faster, so that a silent vendor costs a test 0.3 s; the walk's own numbers stay. */
const SCALE = 40;
const fastClock: Clock = {
  now: () => systemClock.now() * SCALE,
  wallMs: () => systemClock.wallMs(),
  after: (ms, run) => systemClock.after(ms / SCALE, run),
  clear: (handle) => systemClock.clear(handle),
};

const simulators = {} as Record<Home, Simulator>;
let gateway: Gateway | undefined;
let url = '';

beforeAll(async () => {
  for (const home of HOMES) simulators[home] = await startSimulator();
});
afterAll(async () => {
  await Promise.all(HOMES.map((home) => simulators[home].close()));
});
afterEach(async () => {
  await gateway?.close({ graceMs: 0 });
  gateway = undefined;
});

const config = (): string => `schema_version = 3
[providers.models.custom.main]
uri = "${simulators.main.url}/v1"
api_keys = ${JSON.stringify(MAIN_KEYS)}
model = "large"
fallback_models = ["medium", "small"]
fallback = ["anthropic.spare", "custom.last"]
[providers.models.anthropic.spare]
uri = "${simulators.spare.url}"
api_key = "sk-spare"
model = "claude-spare"
[providers.models.custom.last]
uri = "${simulators.last.url}/v1"
api_key = "sk-last"
model = "local"
[agents.default]
model_provider = "custom.main"
`;

async function fresh(): Promise<void> {
  for (const home of HOMES) {
    simulators[home].reset();
    simulators[home].setScript({});
  }
  const loaded = loadConfigText(config(), 'standin.toml', { env: {} });
  const standin = await createStandin({ config: loaded, env: {}, clock: fastClock, random: () => 0.5 });
  gateway = createGateway({ standin });
  ({ url } = await gateway.listen({ host: '127.0.0.1', port: 0 }));
}

const FAULTS: Record<string, Behaviour | string> = {
  reset: 'reset',
  silent: 'silent',
  'headers then silence': 'sim-stall-at0',
  '408': 'sim-408',
  '409': 'sim-409',
  '425': 'sim-425',
  '500': 'sim-500',
  '502': 'sim-502',
  '503': 'sim-503',
  '529': 'sim-529',
  '401': 'sim-401',
  '402': 'sim-402',
  '403': 'sim-403',
  '404 model': 'sim-404',
  '429': 'sim-429',
  quota: 'sim-quota',
  html: 'sim-html',
  empty: 'sim-empty',
  malformed: 'sim-malformed',
};

/** The stops of the walk, in order. */
const STOPS: readonly { home: Home; model: string }[] = [
  { home: 'main', model: 'large' },
  { home: 'main', model: 'medium' },
  { home: 'main', model: 'small' },
  { home: 'spare', model: 'claude-spare' },
  { home: 'last', model: 'local' },
];

async function ask(stream: boolean): Promise<{ status: number; text: string; body: string; headers: Headers }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'custom.main',
      messages: [{ role: 'user', content: 'Tell me of the sea.' }],
      stream,
    }),
  });
  const body = await response.text();
  let text = '';
  if (stream) {
    for (const line of body.split('\n')) {
      if (!line.startsWith('data: {')) continue;
      const chunk = JSON.parse(line.slice(6)) as { choices?: { delta?: { content?: string } }[] };
      text += chunk.choices?.[0]?.delta?.content ?? '';
    }
  } else if (response.status === 200) {
    text = (JSON.parse(body) as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? '';
  }
  return { status: response.status, text, body, headers: response.headers };
}

/** No key ever reached a server that is not its own. */
function expectKeysAtHome(): void {
  for (const home of HOMES) {
    for (const request of simulators[home].requests) {
      expect(KEYS[home]).toContain(request.key);
      const raw = JSON.stringify([request.headers, request.rawBody]);
      for (const other of HOMES) if (other !== home) for (const key of KEYS[other]) expect(raw).not.toContain(key);
    }
  }
}

describe('a chain of three keys, two fallback models and two fallback providers, over real sockets', () => {
  for (const [name, fault] of Object.entries(FAULTS)) {
    for (const stream of [true, false]) {
      // A whole answer says nothing until it is there: its silence is bounded by another, longer limit.
      if (!stream && (name === 'headers then silence' || name === 'silent')) continue;
      it(`survives ${name} at every position, ${stream ? 'streamed' : 'whole'}`, async () => {
        for (const [position, survivor] of STOPS.entries()) {
          await fresh();
          for (const home of HOMES) {
            const failing = STOPS.filter((stop, index) => stop.home === home && index !== position).map(
              (stop) => stop.model,
            );
            simulators[home].setScript({
              rules: failing.map((model) => ({
                match: { model },
                behaviour: typeof fault === 'string' ? fault.replace(/^sim-/, '') : fault,
              })),
            });
          }
          const { status, text, body, headers } = await ask(stream);
          expect(status, body).toBe(200);
          expect(text.length).toBeGreaterThan(5);
          expect(headers.get('x-standin-model')).toBe(survivor.model);
          const answered = simulators[survivor.home].requests.at(-1);
          expect(answered?.model).toBe(survivor.model);
          expectKeysAtHome();
        }
      });
    }
  }

  it('uses each key of the main entry in turn when they are rate limited, and says which', async () => {
    await fresh();
    simulators.main.setScript({
      rules: [
        { match: { key: 'sk-main-a' }, behaviour: '429' },
        { match: { key: 'sk-main-b' }, behaviour: '429' },
      ],
    });
    const { status, headers } = await ask(true);
    expect(status).toBe(200);
    expect(simulators.main.requests.map((request) => `${request.model} ${request.key}`)).toEqual([
      'large sk-main-a',
      'large sk-main-b',
      'large sk-main-c',
    ]);
    expect(headers.get('x-standin-attempts')).toBe('3');
  });

  it('lists every attempt with its key as a fingerprint when everything failed, and is not to be repeated', async () => {
    await fresh();
    for (const home of HOMES) simulators[home].setScript({ rules: [{ behaviour: '404' }] });
    const { status, body, headers } = await ask(false);
    expect(status).toBeGreaterThanOrEqual(400);
    expect([401, 403]).not.toContain(status);
    expect(headers.get('x-should-retry')).toBe('false');
    for (const stop of STOPS) expect(body).toContain(stop.model);
    expect(body).toContain(new Secret('sk-spare').fingerprint);
    for (const key of Object.values(KEYS).flat()) expect(body).not.toContain(key);
  });
});
