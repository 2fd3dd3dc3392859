import { describe, expect, it } from 'vitest';
import { createBlockBuilder } from '../../src/stream/block-builder.ts';
import { createToolCallAssembler, type ToolDelta } from '../../src/stream/tool-call-assembler.ts';
import { validateStream } from '../../src/stream/validate.ts';

interface Assembled {
  readonly calls: { id: string; name: string; arguments: string }[];
  readonly incomplete: string[];
}

/** One list entry for each chunk; a list of several deltas is one chunk. */
function assemble(...chunks: (ToolDelta | ToolDelta[])[]): Assembled {
  const builder = createBlockBuilder();
  const assembler = createToolCallAssembler(builder, () => 'answer-1');
  for (const chunk of chunks) {
    const list = Array.isArray(chunk) ? chunk : [chunk];
    list.forEach((delta, position) => assembler.push({ ...delta, position }));
  }
  const incomplete = assembler.incomplete();
  assembler.finish();
  builder.finish('tool-calls');
  const events = builder.take();
  expect(validateStream(events)).toEqual([]);
  const ends = events.filter((event) => event.type === 'tool-call-end');
  return { calls: ends.map(({ id, name, arguments: json }) => ({ id, name, arguments: json })), incomplete };
}

const call = (id: string, name: string, json: string) => ({ id, name, arguments: json });
const made = expect.stringMatching(/^call_[0-9a-f]{24}$/) as string;

describe('which call a delta belongs to', () => {
  it('follows the index, with interleaved pieces', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '' },
      { index: 1, id: 'b', name: 'g', arguments: '{"y"' },
      { index: 0, arguments: '{"x":' },
      { index: 1, arguments: ':2}' },
      { index: 0, arguments: '1}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}'), call('b', 'g', '{"y":2}')]);
  });

  it('follows the id when there is no index', () => {
    const { calls } = assemble(
      { id: 'a', name: 'f', arguments: '{"x":' },
      { id: 'b', name: 'g', arguments: '{' },
      { id: 'a', arguments: '1}' },
      { id: 'b', arguments: '}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}'), call('b', 'g', '{}')]);
  });

  it('follows the last call when there is neither', () => {
    const { calls } = assemble({ id: 'a', name: 'f' }, { arguments: '{"x":' }, { arguments: '1}' });
    expect(calls).toEqual([call('a', 'f', '{"x":1}')]);
  });

  it('begins a new call on a reused index when id and name change', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{}' },
      { index: 0, id: 'b', name: 'f', arguments: '{"x":1}' },
      { index: 0, id: 'c', name: 'g', arguments: '{' },
      { index: 0, arguments: '}' },
    );
    expect(calls).toEqual([call('a', 'f', '{}'), call('b', 'f', '{"x":1}'), call('c', 'g', '{}')]);
  });

  it('begins a new call on a reused index when only the id changes after complete arguments', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{"x":1}' },
      { index: 0, id: 'b' },
      { index: 0, name: 'g', arguments: '{"y":2}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}'), call('b', 'g', '{"y":2}')]);
  });

  it('does not begin a new call when the id changes amid the arguments', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{"x":' },
      { index: 0, id: 'rotated', arguments: '1}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}')]);
  });

  it('tells calls without ids apart by a new name and fresh arguments', () => {
    const { calls } = assemble(
      { index: 0, name: 'f', arguments: '{"x":1}' },
      { index: 0, name: 'g', arguments: '{"x":2}' },
      { index: 0, name: 'g', arguments: '{"x":3}' },
    );
    expect(calls.map(({ name, arguments: json }) => [name, json])).toEqual([
      ['f', '{"x":1}'],
      ['g', '{"x":2}'],
      ['g', '{"x":3}'],
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3);
  });

  it('takes nameless-index entries of one list as calls of their own', () => {
    const { calls } = assemble([
      { name: 'f', arguments: '{}' },
      { name: 'f', arguments: '{}' },
    ]);
    expect(calls).toEqual([call(made, 'f', '{}'), call(made, 'f', '{}')]);
    expect(calls[0]?.id).not.toBe(calls[1]?.id);
  });

  it('joins one id under several indices, and bare arguments on an unknown index', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{"x":' },
      { index: 1, id: 'a', arguments: '[1,' },
      { index: 2, arguments: '2]}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":[1,2]}')]);
  });

  it('keeps one call when id and index come with every delta', () => {
    const { calls } = assemble(
      { index: 0, id: '0', name: 'f', arguments: '' },
      { index: 0, id: '0', name: 'f', arguments: '{"x"' },
      { index: 0, id: '0', name: 'f', arguments: ':1}' },
    );
    expect(calls).toEqual([call('0', 'f', '{"x":1}')]);
  });

  it('never gives two calls one id', () => {
    const { calls } = assemble(
      { index: 0, id: 'same', name: 'f', arguments: '{}' },
      { index: 1, id: 'same', name: 'g', arguments: '{"x":1}' },
    );
    expect(calls).toEqual([call('same', 'f', '{}'), call(made, 'g', '{"x":1}')]);
  });
});

describe('what a delta says', () => {
  it('is not overwritten by empty or null ids and names', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '' },
      { index: 0, id: '', name: '', arguments: '{"x":' },
      { index: 0, id: null, name: null, arguments: '1}' },
      { index: 0, arguments: null },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}')]);
  });

  it('may bring the id, the name and the arguments in any order', () => {
    expect(assemble({ index: 0, id: 'a' }, { index: 0, name: 'f' }, { index: 0, arguments: '{}' }).calls).toEqual([
      call('a', 'f', '{}'),
    ]);
    expect(assemble({ index: 0, arguments: '{"x"' }, { index: 0, id: 'a', name: 'f', arguments: ':1}' }).calls).toEqual(
      [call('a', 'f', '{"x":1}')],
    );
    expect(assemble({ index: 0, name: 'f' }, { index: 0, id: 'a' }).calls).toEqual([call('a', 'f', '{}')]);
  });

  it('keeps the bytes of the arguments', () => {
    const json = '{ "n": 12345678901234567890, "a":1,"a":2, "t":"\\ud83d" }';
    const deltas = [...json].map((piece) => ({ index: 0, arguments: piece }));
    expect(assemble({ index: 0, id: 'a', name: 'f' }, ...deltas).calls).toEqual([call('a', 'f', json)]);
  });

  it('may hold the arguments as an object', () => {
    expect(assemble({ id: 'a', name: 'f', arguments: { x: [1] } }).calls).toEqual([call('a', 'f', '{"x":[1]}')]);
  });

  it('may repeat a complete call once more without doubling it', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{"x":' },
      { index: 0, arguments: '1}' },
      { index: 0, id: 'a', name: 'f', arguments: '{"x":1}' },
      { index: 0, arguments: '{"x":1}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}')]);
  });

  it('may leave the rest of the arguments to the last delta, with id and name again', () => {
    const { calls } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{"x":' },
      { index: 0, id: 'a', name: 'f', arguments: '1}' },
    );
    expect(calls).toEqual([call('a', 'f', '{"x":1}')]);
  });
});

describe('the end of the calls', () => {
  it('makes up a missing id, the same for the same answer, and `{}` for missing arguments', () => {
    const first = assemble({ index: 0, name: 'f' });
    expect(first.calls).toEqual([call(made, 'f', '{}')]);
    expect(assemble({ index: 0, name: 'f' })).toEqual(first);
  });

  it('throws for a call without a name', () => {
    expect(() => assemble({ index: 0, id: 'a', arguments: '{}' })).toThrowError(
      expect.objectContaining({ kind: 'protocol' }),
    );
  });

  it('names the calls whose arguments are cut, and leaves them as they are', () => {
    const { calls, incomplete } = assemble(
      { index: 0, id: 'a', name: 'f', arguments: '{}' },
      { index: 1, id: 'b', name: 'g', arguments: '{"x":"' },
    );
    expect(incomplete).toEqual(['g']);
    expect(calls[1]).toEqual(call('b', 'g', '{"x":"'));
  });
});

describe('the undeclared parallel wrapper', () => {
  const uses = '{"tool_uses":[{"recipient_name":"functions.f","parameters":{"n":12345678901234567890}},';

  it.each(['multi_tool_use.parallel', 'parallel'])('%s becomes the calls inside it', (name) => {
    const { calls } = assemble(
      { index: 0, id: 'a', name, arguments: uses },
      { index: 0, arguments: '{"recipient_name":"functions.g"}]}' },
    );
    expect(calls).toEqual([call(made, 'f', '{"n":12345678901234567890}'), call(made, 'g', '{}')]);
  });

  it('is an ordinary call when it holds no calls', () => {
    const { calls } = assemble({ index: 0, id: 'a', name: 'parallel', arguments: '{"tasks":2}' });
    expect(calls).toEqual([call('a', 'parallel', '{"tasks":2}')]);
  });
});
