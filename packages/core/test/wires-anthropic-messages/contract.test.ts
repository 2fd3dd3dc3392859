import { describeWireContract } from '../testkit/wire-contract.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { client, server, target } from './support.ts';

const wire = 'anthropic-messages' as const;
const extensions = { wire, body: {} };

describeWireContract({
  client,
  server,
  target: target('claude-sonnet-4-5'),
  requests: [
    { messages: [{ role: 'user', content: 'hi' }], maxTokens: 16, extensions },
    {
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'be terse', cacheControl: { ttl: '1h' } }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is this?' },
            { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' } },
            { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
            { type: 'document', source: { type: 'file', fileId: 'file_1' }, title: 'A', cacheControl: {} },
            { type: 'opaque', wire, value: { type: 'container_upload', file_id: 'file_2' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm', signature: 'SIG' },
            { type: 'reasoning', text: '', redacted: 'ENC' },
            { type: 'text', text: 'looking' },
            { type: 'tool-call', id: 'toolu_1', name: 'look', arguments: '{"x":[1,2]}' },
            { type: 'tool-call', id: 'toolu_2', name: 'wait', arguments: '{}' },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'toolu_1', content: 'seen', isError: true },
            { type: 'tool-result', toolCallId: 'toolu_2', content: [{ type: 'text', text: 'ok' }] },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'go on', cacheControl: { ttl: '5m' } }] },
      ],
      tools: [
        { name: 'look', description: 'looks', parameters: { type: 'object', properties: { x: { type: 'array' } } } },
        { name: 'wait', parameters: { type: 'object', properties: {} }, strict: true, cacheControl: {} },
        {
          name: 'web_search',
          opaque: { wire, value: { type: 'web_search_20250305', name: 'web_search', max_uses: 2 } },
        },
      ],
      toolChoice: { type: 'auto' },
      parallelToolCalls: false,
      maxTokens: 4096,
      stop: ['END'],
      reasoning: { enabled: true, budgetTokens: 2048 },
      outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' }, strict: true },
      user: 'u-1',
      extensions: {
        wire,
        body: {
          service_tier: 'auto',
          metadata: { team: 'x' },
          tools: [{ name: 'look', defer_loading: true }],
        },
      },
    },
    {
      messages: [{ role: 'user', content: 'hi' }],
      maxTokens: 16,
      temperature: 0.5,
      topK: 4,
      tools: [{ name: 'f', parameters: { type: 'object', properties: {} } }],
      toolChoice: { type: 'tool', name: 'f' },
      extensions,
    },
  ],
  // A whole answer holds inputs as objects; streamed arguments are compared byte for byte in their own test.
  normalize: ({ content, text, finishReason, usage }: ChatResponse) => ({
    content: content.map((part) =>
      part.type === 'tool-call' ? { ...part, arguments: JSON.stringify(JSON.parse(part.arguments)) } : part,
    ),
    text,
    finishReason,
    input: usage?.inputTokens,
    output: usage?.outputTokens,
  }),
});
