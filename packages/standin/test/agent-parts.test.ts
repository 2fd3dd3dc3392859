import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from 'vitest';
import { collectEvents } from '@standin/core/stream/collect';
import { loadImage, sniffImage } from '../src/agent/images.ts';
import { jsonOf, loadSchema } from '../src/agent/schema.ts';
import { loadSession, saveSession } from '../src/agent/session.ts';
import { readAll } from '../src/agent/stdin.ts';
import { safeForTerminal } from '../src/cli/output.ts';
import { table } from '../src/cli/table.ts';
import { commandWord } from '../src/cli/program.ts';
import { workspace } from './support.ts';

const PNG = Buffer.from('89504e470d0a1a0a0000000d', 'hex');
const files = await workspace({
  'picture.txt': PNG,
  'words.png': 'these are words',
  'empty.png': '',
  'person.json': JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
    required: ['name', 'age'],
  }),
  'old.json': JSON.stringify({
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'array',
    items: { type: 'number' },
  }),
  'wrapped.json': JSON.stringify({
    type: 'json_schema',
    json_schema: { name: 'the answer', schema: { type: 'string' } },
  }),
  'broken.json': '{"type": ',
  'number.json': '42',
  'no-schema.json': '{"name": "Ada"}',
  'wrong-type.json': '{"type": "banana"}',
  'far.json': '{"$ref": "#/definitions/nowhere"}',
  'session.txt': 'hello',
  'other.json': '{"messages": [{"role": "king", "content": "x"}]}',
});
afterAll(() => files.remove());

describe('images', () => {
  it('tells formats by their first bytes, not by the name', async () => {
    expect(sniffImage(Buffer.from([0xff, 0xd8, 0xff, 0xe0]))).toBe('image/jpeg');
    expect(sniffImage(Buffer.from('GIF89a....'))).toBe('image/gif');
    expect(sniffImage(Buffer.from('RIFF\u0001\u0002\u0003\u0004WEBPVP8 '))).toBe('image/webp');
    expect(sniffImage(Buffer.from('RIFF\u0001\u0002\u0003\u0004WAVEfmt '))).toBeUndefined();
    const image = await loadImage(files.path('picture.txt'));
    expect(image.source).toEqual({ type: 'base64', mediaType: 'image/png', data: PNG.toString('base64') });
  });

  it('passes a URL on and refuses everything that is no picture', async () => {
    expect((await loadImage('https://example.com/a.png')).source).toEqual({
      type: 'url',
      url: 'https://example.com/a.png',
    });
    await expect(loadImage(files.path('words.png'))).rejects.toThrow(
      /words\.png: not a PNG, JPEG, GIF or WebP image\.$/,
    );
    await expect(loadImage(files.path('empty.png'))).rejects.toThrow(/the file is empty/);
    await expect(loadImage(files.path('gone.png'))).rejects.toThrow(/cannot be read \(no such file\)/);
    await expect(loadImage(files.dir)).rejects.toThrow(/it is a directory/);
  });
});

describe('answer schemas', () => {
  it('checks an answer and says where it differs', async () => {
    const schema = await loadSchema(files.path('person.json'));
    expect(schema.format.name).toBe('person');
    expect(() => schema.check({ name: 'Ada', age: 36 })).not.toThrow();
    expect(() => schema.check({ name: 'Ada', age: -1 })).toThrow(/answer\/age must be >= 0/);
  });

  it('takes other drafts and the wrapping of response_format', async () => {
    const list = await loadSchema(files.path('old.json'));
    expect(() => list.check(['x'])).toThrow(/must be number/);
    const wrapped = await loadSchema(files.path('wrapped.json'));
    expect(wrapped.format).toMatchObject({ name: 'the_answer', schema: { type: 'string' } });
  });

  it.each([
    ['gone.json', /cannot be read \(no such file\)/],
    ['broken.json', /not valid JSON/],
    ['number.json', /must be a JSON object/],
    ['no-schema.json', /no "type", "properties" or other schema keyword/],
    ['wrong-type.json', /not a valid JSON Schema/],
    ['far.json', /not a valid JSON Schema/],
  ])('refuses %s in one sentence', async (name, words) => {
    const error = await loadSchema(files.path(name)).catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ name: 'UsageError' });
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message).not.toContain('\n');
  });

  it('takes the JSON out of a code fence and keeps its text as the model wrote it', () => {
    expect(jsonOf(' {"n": 12345678901234567890}\n').text).toBe('{"n": 12345678901234567890}');
    expect(jsonOf('```json\n{"a": 1}\n```').value).toEqual({ a: 1 });
    expect(() => jsonOf('Sure! {"a": 1}')).toThrow(/not valid JSON/);
    expect(() => jsonOf('  ')).toThrow(/empty/);
  });
});

describe('session files', () => {
  it('gives back what was saved, and nothing for a file that is not there yet', async () => {
    const path = files.path('talk.json');
    expect(await loadSession(path)).toEqual([]);
    const { content } = collectEvents([
      { type: 'response-start' },
      { type: 'text-start', index: 0 },
      { type: 'text-delta', index: 0, text: 'Grüße 👋' },
      { type: 'text-end', index: 0 },
      { type: 'finish', reason: 'stop' },
    ]);
    const messages = [
      { role: 'user' as const, content: 'hi' },
      { role: 'assistant' as const, content },
    ];
    await saveSession(path, messages);
    expect(await loadSession(path)).toEqual(messages);
  });

  it('refuses a file that is something else', async () => {
    await expect(loadSession(files.path('session.txt'))).rejects.toThrow(/not a session file/);
    await expect(loadSession(files.path('other.json'))).rejects.toThrow(/not a session file/);
    await expect(saveSession(files.path('no/such/dir.json'), [])).rejects.toThrow(/cannot be written/);
  });
});

describe('standard input', () => {
  it('is read to its end as UTF-8, wherever the bytes are cut', async () => {
    const input = new PassThrough();
    const text = readAll(input, { signal: new AbortController().signal });
    const bytes = Buffer.from('\uFEFFnaïve 👩‍🚀 text');
    for (const byte of bytes) input.write(Buffer.from([byte]));
    input.end();
    expect(await text).toBe('naïve 👩‍🚀 text');
  });

  it('is given up when nothing comes within the grace', async () => {
    expect(await readAll(new PassThrough(), { signal: new AbortController().signal, graceMs: 5 })).toBe('');
  });
});

describe('output', () => {
  it('takes control characters out of what goes to a terminal', () => {
    expect(safeForTerminal('a\u001B]0;owned\u0007b\n\tc\u009Bx')).toBe('a]0;ownedb\n\tcx');
  });

  it('aligns columns', () => {
    expect(
      table([
        ['a', 'b'],
        ['long', 'c'],
      ]),
    ).toBe('a     b\nlong  c');
  });
});

describe('the command word', () => {
  it('is found behind global options and their values', () => {
    expect(commandWord(['--config', 'agent', 'plan', '--json'])).toBe('plan');
    expect(commandWord(['--config=agent', 'serve'])).toBe('serve');
    expect(commandWord(['--help'])).toBeUndefined();
  });
});
