import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropic, collect } from '../../src/index.ts';

/** A vendor that thinks with a signature, and remembers what it was sent. */
const bodies: { messages: { role: string; content: unknown }[] }[] = [];
let server: Server;
let url = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(parts).toString()) as (typeof bodies)[number]);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude-opus-4-1',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'SIG==' },
            { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
          ],
          stop_reason: 'tool_use',
          stop_sequence: null,
          usage: { input_tokens: 1, output_tokens: 1 },
        }),
      );
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

const ask = { role: 'user' as const, content: 'look around' };
const tools = [{ name: 'look', parameters: { type: 'object' } }];

describe('thinking with a signature', () => {
  it('goes back to the model that signed it, and to no other', async () => {
    const first = anthropic({ baseUrl: url, apiKey: 'sk-ant-one', model: 'claude-opus-4-1' });
    const answer = await collect(first.chat({ messages: [ask], tools }, { stream: false }));
    const result = {
      role: 'tool' as const,
      content: [{ type: 'tool-result' as const, toolCallId: 'toolu_1', content: 'a room' }],
    };
    const turn = [ask, { role: 'assistant' as const, content: answer.content }, result];
    await collect(first.chat({ messages: turn, tools }, { stream: false }));
    expect(JSON.stringify(bodies.at(-1)?.messages[1])).toContain('SIG==');
    const other = anthropic({ baseUrl: url, apiKey: 'sk-ant-one', model: 'claude-sonnet-4-5' });
    await collect(other.chat({ messages: turn, tools }, { stream: false }));
    expect(JSON.stringify(bodies.at(-1)?.messages)).not.toContain('SIG==');
  });
});
