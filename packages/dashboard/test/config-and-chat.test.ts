import { describe, expect, it } from 'vitest';
import type { ConfigAnswer, SchemaNode } from '../src/api/config-types.ts';
import type { Rehearsal } from '../src/api/types.ts';
import { Answer, bodyOf, EventSplitter, SettingsError, toolsOf } from '../src/lib/chat.ts';
import { addressOf, formatPath, isBelow, parsePath, segmentsOf } from '../src/lib/config-path.ts';
import { groupFields, nodeAt, treeOf } from '../src/lib/config-tree.ts';
import { diffLines } from '../src/lib/draft.ts';
import { cellsOf, countsOf, withCell } from '../src/lib/rehearsal.ts';
import { textOf, typedValue } from '../src/lib/typed.ts';

describe('paths of the config', () => {
  it('are the same in the file, in the address and back', () => {
    for (const segments of [
      ['providers', 'models', 'custom', 'home'],
      ['budgets', 'per_provider', 'anthropic.main', 'daily_usd'],
      ['agents', 'two words', 'model'],
      ['a"b', '%/c'],
    ]) {
      expect(parsePath(formatPath(segments))).toEqual(segments);
      expect(segmentsOf(addressOf(segments))).toEqual(segments);
    }
    expect(addressOf(['providers', 'models', 'custom'])).toBe('/config/providers.models/custom');
    expect(segmentsOf('/config/providers.models.custom.home')).toEqual(['providers', 'models', 'custom', 'home']);
    expect(segmentsOf('/config/')).toEqual([]);
    expect(parsePath('a."open')).toBeUndefined();
    expect([isBelow('a.b', 'a'), isBelow('ab', 'a')]).toEqual([true, false]);
  });
});

const text: SchemaNode = { type: 'string' };
const root: SchemaNode = {
  type: 'object',
  fields: {
    providers: { type: 'object', fields: { models: { type: 'record', value: { type: 'record', value: { type: 'object', fields: { model: text } } } } } },
    agents: { type: 'record', value: { type: 'object', fields: {} } },
    reliability: { type: 'object', fields: {} },
    model_routes: { type: 'array', item: { type: 'object', fields: { hint: text } } },
    cron: { type: 'json', foreign: true },
  },
}; // prettier-ignore

const answer = (paths: readonly string[]): ConfigAnswer => ({
  file: 'f', editable: true, notEditable: null, hash: 'h', dialect: 'native', refused: null, issues: [], history: 0,
  sections: [{ path: 'providers.models.custom.b', kind: 'entry' }],
  values: paths.map((path) => ({ path, value: 'x', source: { kind: 'file', line: 1, name: null, variables: [] }, secret: false, set: true, overridden: false })),
}); // prettier-ignore

describe('the section tree', () => {
  it('lists entries and agents that exist, settings, and what other programs wrote', () => {
    const groups = treeOf(answer(['providers.models.custom.a.model', 'agents."x y".model', 'cron.jobs']), root);
    expect(groups.map(({ title, items }) => [title, ...items.map((item) => item.text)])).toEqual([
      ['Model entries', 'custom.a', 'custom.b'],
      ['Agents', 'x y'],
      ['Settings', 'model_routes', 'reliability'],
      ['Of other programs', 'cron'],
    ]);
    expect(treeOf(answer([]), root).map(({ title }) => title)).not.toContain('Of other programs');
  });

  it('finds the schema of a path, through names that are free and places in lists', () => {
    expect(nodeAt(root, ['providers', 'models', 'any', 'name', 'model'])).toBe(text);
    expect(nodeAt(root, ['model_routes', '3', 'hint'])).toBe(text);
    expect(nodeAt(root, ['model_routes', 'x'])).toBeUndefined();
    expect(nodeAt(root, ['reliability', 'nonsense'])).toBeUndefined();
  });

  it('opens what is set and what is usual, and keeps the rest at hand', () => {
    const names = [...Array.from({ length: 24 }, (_, index) => `f${index}`), 'model', 'uri'];
    const node: SchemaNode = { type: 'object', fields: Object.fromEntries(names.map((name) => [name, text])) };
    const { open, more } = groupFields(node, (name) => name === 'f7');
    expect(open).toEqual(['model', 'uri', 'f7']);
    expect(more).toHaveLength(23);
  });
});

describe('typed editors', () => {
  const read = (type: SchemaNode['type'], typed: string, more: Partial<SchemaNode> = {}) =>
    typedValue({ type, ...more }, typed);

  it('read what was typed as the schema has it, or say why not', () => {
    expect(read('integer', ' 30 ')).toEqual({ ok: true, value: 30 });
    expect(read('number', '0.5')).toEqual({ ok: true, value: 0.5 });
    expect(read('boolean', 'false')).toEqual({ ok: true, value: false });
    expect(read('array', 'a\n\n b ', { item: text })).toEqual({ ok: true, value: ['a', 'b'] });
    expect(read('array', '[{"agent":"x"}]', { item: { type: 'json' } })).toEqual({ ok: true, value: [{ agent: 'x' }] });
    expect(read('json', '{"top_k":40}')).toEqual({ ok: true, value: { top_k: 40 } });
    for (const [type, wrong] of [
      ['integer', '1.5'],
      ['integer', ''],
      ['number', 'ten'],
      ['json', '{'],
    ] as const)
      expect(read(type, wrong).ok, `${type} ${wrong}`).toBe(false);
  });

  it('show a value so that it reads back the same', () => {
    for (const [node, value] of [
      [{ type: 'integer' }, 30],
      [{ type: 'boolean' }, false],
      [{ type: 'array', item: text }, ['a', 'b']],
      [{ type: 'json' }, { a: [1] }],
      [{ type: 'string' }, 'x'],
    ] as [SchemaNode, unknown][])
      expect(typedValue(node, textOf(node, value))).toEqual({ ok: true, value });
    expect(textOf(text, undefined)).toBe('');
  });

  it('show a difference line by line', () => {
    expect(diffLines('--- a\n+++ b\n@@ -1 +1 @@\n model = "x"\n-timeout = 1\n+timeout = 2\n')).toEqual([
      { kind: 'place', text: '@@ -1 +1 @@' },
      { kind: 'same', text: 'model = "x"' },
      { kind: 'removed', text: 'timeout = 1' },
      { kind: 'added', text: 'timeout = 2' },
    ]);
    expect(diffLines('')).toEqual([]);
  });
});

describe('the playground', () => {
  const settings = { model: 'm', system: '', temperature: '', maxTokens: '', tools: '' };

  it('sends only what was set', () => {
    expect(bodyOf(settings, [{ role: 'user', text: 'Hi', images: [] }])).toEqual({
      model: 'm', messages: [{ role: 'user', content: 'Hi' }], stream: true, stream_options: { include_usage: true },
    }); // prettier-ignore
    const full = bodyOf({ ...settings, system: 'S', temperature: '0', maxTokens: '9', tools: '{"name":"f"}' }, [
      { role: 'user', text: '', images: ['data:image/png;base64,AA=='] },
      { role: 'assistant', text: '', reasoning: '', calls: [{ id: 'c1', name: 'f', arguments: '{}' }] },
      { role: 'tool', callId: 'c1', name: 'f', text: '21' },
    ]);
    expect(full).toMatchObject({
      temperature: 0,
      max_tokens: 9,
      tools: [{ type: 'function', function: { name: 'f' } }],
    });
    expect(full['messages']).toMatchObject([
      { role: 'system' },
      { content: [{ type: 'image_url' }] },
      { content: null, tool_calls: [{ id: 'c1', function: { name: 'f' } }] },
      { role: 'tool', tool_call_id: 'c1', content: '21' },
    ]);
    expect(() => bodyOf({ ...settings, temperature: 'warm' }, [])).toThrow(SettingsError);
    expect(() => toolsOf('[{"description":"x"}]')).toThrow(/name/);
    expect(() => toolsOf('nonsense')).toThrow(/JSON/);
  });

  it('reads a stream cut anywhere', () => {
    const stream = [
      ': ping', 'data: {"model":"m1","choices":[{"delta":{"content":"Hel"}}]}', 'data: {"choices":[{"delta":{"content":"lo","reasoning_content":"hm"}}]}',
      'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{\\"a\\""}}]}}]}',
      'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]},"finish_reason":"tool_calls"}]}',
      'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}', 'data: [DONE]',
    ].join('\r\n\r\n') + '\r\n\r\n'; // prettier-ignore
    for (const size of [1, 2, 7, 1_000]) {
      const splitter = new EventSplitter();
      const whole = new Answer();
      // A carriage return and its line feed come in one read or two.
      for (let at = 0; at < stream.length; at += size)
        for (const data of splitter.push(stream.slice(at, at + size))) whole.take(data);
      expect(whole.turn()).toEqual({
        role: 'assistant',
        text: 'Hello',
        reasoning: 'hm',
        calls: [{ id: 'c', name: 'f', arguments: '{"a":1}' }],
      });
      expect([whole.isDone, whole.finish, whole.model, whole.outputTokens, whole.error]).toEqual([
        true,
        'tool_calls',
        'm1',
        4,
        undefined,
      ]);
    }
  });

  it('tells an error inside a stream', () => {
    const failed = new Answer();
    failed.take('{"choices":[{"delta":{"content":"Ha"}}]}');
    failed.take('{"error":{"message":"It broke off."}}');
    expect([failed.turn().text, failed.error, failed.isDone]).toEqual(['Ha', 'It broke off.', false]);
  });
});

describe('a rehearsal', () => {
  it('fills cell by cell, a repeated one once', () => {
    const cell = {
      fault: 'cut',
      target: 1,
      outcome: 'rescued',
      note: null,
      tookMs: 1,
      attempts: 2,
      outputTokens: null,
    } as const;
    let rehearsal = { cells: [], done: 0, of: 4 } as unknown as Rehearsal;
    for (const one of [cell, { ...cell, target: 2 }, { ...cell, outcome: 'next' as const }])
      rehearsal = withCell(rehearsal, one);
    expect([...cellsOf(rehearsal).values()].map(({ target, outcome }) => [target, outcome])).toEqual([
      [2, 'rescued'],
      [1, 'next'],
    ]);
    expect(rehearsal.done).toBe(2);
    expect(countsOf(rehearsal.cells)).toEqual([
      ['next', 1],
      ['rescued', 1],
    ]);
  });
});
