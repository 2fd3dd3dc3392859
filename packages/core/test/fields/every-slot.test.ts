import { describe, expect, it } from 'vitest';
import type { ChatRequest } from '../../src/spec/request.ts';
import { configOf, isWarned, planOf, send, slots, type Sent, type Slot } from './support.ts';

const REQUEST: ChatRequest = {
  messages: [
    { role: 'system', content: 'SYSTEM-TEXT' },
    { role: 'user', content: 'USER-TEXT' },
  ],
};

const WITH_TOOL: ChatRequest = {
  ...REQUEST,
  tools: [{ name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } }],
};

const WITH_IMAGE: ChatRequest = {
  messages: [
    {
      role: 'user',
      content: [{ type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgo=' } }],
    },
  ],
};

const SLOTS = slots();
const named = SLOTS.map((slot) => [`${slot.row.id} over ${slot.wire}`, slot] as const);

interface Row {
  readonly field: string;
  readonly line: string;
  readonly request?: ChatRequest;
  /** True when the field did what it says. `plain` is the same call without it. */
  works(sent: Sent, plain: Sent): boolean;
}

const text = (sent: Sent): string => JSON.stringify(sent.body);

/** The system text leads the user's turns and stands nowhere else. */
function mergesSystem(body: Readonly<Record<string, unknown>>): boolean {
  const turns = body['messages'] ?? body['contents'] ?? body['input'];
  const { messages: _messages, contents: _contents, input: _input, ...rest } = body;
  if (!Array.isArray(turns) || /SYSTEM-TEXT/.test(JSON.stringify(rest))) return false;
  const all = JSON.stringify(turns);
  return /SYSTEM-TEXT.*USER-TEXT/.test(all) && !/"role":"(?!user")/.test(all);
}

const ROWS: readonly Row[] = [
  { field: 'max_tokens', line: 'max_tokens = 1234', works: (sent) => /\b1234\b/.test(text(sent)) },
  {
    field: 'temperature',
    line: 'temperature = 0.25',
    works: (sent, plain) => !/temperature/.test(text(plain)) && /"temperature":0\.25\b/.test(text(sent)),
  },
  {
    field: 'provider_extra',
    line: 'provider_extra = { x_probe = 77 }',
    works: (sent) => /"x_probe":77\b/.test(text(sent)),
  },
  {
    field: 'extra_headers',
    line: 'extra_headers = { X-Team = "red" }',
    works: (sent) => sent.calls[0]?.headers['x-team'] === 'red',
  },
  {
    field: 'chat_template_kwargs',
    line: 'chat_template_kwargs = { probe = 5 }',
    works: (sent) => /"probe":5\b/.test(text(sent)),
  },
  { field: 'think', line: 'think = true', works: (sent, plain) => text(sent) !== text(plain) },
  { field: 'think', line: 'think = false', works: (sent, plain) => text(sent) !== text(plain) },
  {
    field: 'merge_system_into_user',
    line: 'merge_system_into_user = true',
    works: ({ body }) => mergesSystem(body),
  },
  {
    field: 'native_tools',
    line: 'native_tools = true',
    request: WITH_TOOL,
    works: (sent) => /get_weather/.test(text(sent)) && !/Tool Use Protocol/.test(text(sent)),
  },
  {
    field: 'native_tools',
    line: 'native_tools = false',
    request: WITH_TOOL,
    works: (sent) => /Tool Use Protocol/.test(text(sent)) && !Object.keys(sent.body).some((key) => /^tool/i.test(key)),
  },
  {
    field: 'vision',
    line: 'vision = false',
    request: WITH_IMAGE,
    works: (sent) => sent.calls.length === 0 && sent.error !== undefined,
  },
  { field: 'vision', line: 'vision = true', request: WITH_IMAGE, works: (sent) => /iVBORw0KGgo=/.test(text(sent)) },
  {
    field: 'uri',
    line: 'uri = "http://127.0.0.1:4321/base"',
    works: (sent) => sent.calls[0]?.url.startsWith('http://127.0.0.1:4321/base') === true,
  },
];

describe.each(named)('%s', (_name, slot) => {
  it.each(ROWS.map((row) => [row.line, row] as const))(
    '%s is effective or said to have no effect',
    async (_line, row) => {
      const request = row.request ?? REQUEST;
      const config = configOf(slot, row.line);
      expect(config.report.errors).toEqual([]);
      const sent = await send(planOf(config), request);
      const plain = await send(planOf(configOf(slot)), request);
      const works = row.works(sent, plain);
      const warned = isWarned(config, slot, row.field);
      expect(
        { works, warned },
        `${sent.calls[0]?.url ?? 'no call'} ${String(sent.calls[0]?.body)} ${sent.error?.message ?? ''}`,
      ).toEqual(works ? { works: true, warned: false } : { works: false, warned: true });
    },
  );

  it('timeout_secs ends a silent attempt in time', async () => {
    const sent = await send(planOf(configOf(slot, 'timeout_secs = 7')), REQUEST, () => undefined);
    expect(sent.attempts[0]).toMatchObject({ outcome: 'timeout', startedMs: 0, endedMs: 7000 });
  });

  it('context_window, fallback_models and the key go with the targets', () => {
    const plan = planOf(configOf(slot, 'context_window = 4321', 'fallback_models = ["second"]'));
    expect(plan.targets.map(({ model, contextWindow }) => ({ model, contextWindow }))).toEqual([
      { model: 'test-model', contextWindow: 4321 },
      { model: 'second', contextWindow: 4321 },
    ]);
    expect(plan.targets[0]?.keys[0]?.secret?.reveal()).toBe('id.secret-key-1');
  });
});

it('the table covers every slot that can be called', () => {
  expect(new Set(SLOTS.map((slot: Slot) => slot.row.id)).size).toBeGreaterThan(60);
});
