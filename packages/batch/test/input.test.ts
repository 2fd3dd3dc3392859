import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputOf, type BatchRecord, type InputFormat } from '@standin/batch';

async function read(text: string | Uint8Array, format: InputFormat, cut = Infinity): Promise<BatchRecord[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  async function* source() {
    for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, Math.min(bytes.length, at + cut));
  }
  const records: BatchRecord[] = [];
  for await (const record of inputOf(source, format).records()) records.push(record);
  return records;
}

const prompts = (records: readonly BatchRecord[]) =>
  records.map((record) =>
    'item' in record ? record.item.decoded.request.messages.at(-1)?.content : record.bad.reason,
  );

describe('lines of JSON', () => {
  it('takes a text, a prompt, messages and the batch lines of OpenAI and Anthropic', async () => {
    const lines = [
      '"plain"',
      '{"prompt":"with a system","system":"Be brief.","id":7,"max_tokens":5,"temperature":0}',
      '{"messages":[{"role":"user","content":"said"}],"model":"m1"}',
      '{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"model":"m2","messages":[{"role":"user","content":"chat"}]}}',
      '{"custom_id":"b","method":"POST","url":"/v1/responses","body":{"model":"m3","input":"responses"}}',
      '{"custom_id":"c","params":{"model":"m4","max_tokens":9,"messages":[{"role":"user","content":"anthropic"}]}}',
    ];
    const records = await read(lines.join('\n'), 'jsonl');
    const items = records.map((record) => ('item' in record ? record.item : undefined));
    expect(items.map((item) => item?.shape)).toEqual([
      'text', 'text', 'text', 'openai-chat', 'openai-responses', 'anthropic-messages',
    ]); // prettier-ignore
    expect(items.map((item) => item?.id)).toEqual([undefined, '7', undefined, 'a', 'b', 'c']);
    expect(items.map((item) => item?.decoded.request.model)).toEqual([undefined, undefined, 'm1', 'm2', 'm3', 'm4']);
    expect(items[1]?.decoded.request).toMatchObject({ maxTokens: 5, temperature: 0 });
    expect(items[1]?.decoded.request.messages[0]).toMatchObject({ role: 'system' });
  });

  it('keeps apart what cannot be asked, with its line, and goes on', async () => {
    const text =
      '\uFEFF"one"\r\n\r\nnonsense\n{"prompt":5}\n{"custom_id":"z","url":"/v1/embeddings","body":{}}\n[1]\n"last"';
    const records = await read(text, 'jsonl');
    expect(records.map((record) => ('bad' in record ? [record.bad.index, record.bad.line] : 'fine'))).toEqual([
      'fine', [1, 3], [2, 4], [3, 5], [4, 6], 'fine',
    ]); // prettier-ignore
    expect(records.at(-1)).toMatchObject({ item: { index: 5 } });
    expect(records[3]).toMatchObject({ bad: { id: 'z', reason: expect.stringContaining('/v1/embeddings') } });
  });
});

describe('a text file', () => {
  it('has a prompt per line; blank lines and comments are none', async () => {
    expect(prompts(await read('# a list\n\nfirst\n  \n second \n', 'text'))).toEqual(['first', ' second ']);
  });
});

describe('a JSON file', () => {
  it('holds an array, or values one after the other', async () => {
    expect(prompts(await read(' [ "a", {"prompt": "b"} ,"c" ] ', 'json'))).toEqual(['a', 'b', 'c']);
    expect(prompts(await read('{"prompt":"a"}\n{"prompt":\n "b"}"c"', 'json'))).toEqual(['a', 'b', 'c']);
    expect(await read('[]', 'json')).toEqual([]);
  });

  it.each([
    ['', 'is empty'],
    ['5', 'begins neither'],
    ['["a"', 'ends in the middle'],
    ['["a",,"b"]', 'empty element'],
    ['["a"] 5', 'something after its end'],
    ['{"prompt":"a"', 'ends in the middle'],
  ])('%s is refused', async (text, reason) => {
    await expect(read(text, 'json')).rejects.toThrow(reason);
  });

  it('reads the same however its bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary', minLength: 1 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        async (texts, cut) => {
          const usable = texts.filter((text) => text.trim() !== '');
          for (const indent of [0, 2]) {
            const json = JSON.stringify(
              usable.map((prompt) => ({ prompt })),
              undefined,
              indent,
            );
            expect(prompts(await read(json, 'json', cut))).toEqual(usable.map((text) => text.toWellFormed()));
          }
          const lines = usable.map((prompt) => JSON.stringify(prompt)).join('\n');
          expect(prompts(await read(lines, 'jsonl', cut))).toEqual(usable.map((text) => text.toWellFormed()));
        },
      ),
      { numRuns: 60 },
    );
  });
});
