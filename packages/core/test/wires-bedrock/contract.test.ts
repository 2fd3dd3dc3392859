import type { ChatResponse } from '../../src/spec/response.ts';
import { describeWireContract } from '../testkit/wire-contract.ts';
import { CLAUDE, client, server, target } from './support.ts';

const wire = 'bedrock-converse' as const;
const extensions = { wire, body: {} };

describeWireContract({
  client,
  // The model stands in the path; whoever routes by it puts it into the body.
  server: { ...server, decodeRequest: (body) => server.decodeRequest({ ...(body as object), modelId: CLAUDE }) },
  target: target(),
  requests: [
    { messages: [{ role: 'user', content: 'hi' }], extensions },
    {
      messages: [
        { role: 'system', content: [{ type: 'text', text: 'be terse', cacheControl: { ttl: '1h' } }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what is this?' },
            { type: 'image', source: { type: 'base64', mediaType: 'image/jpeg', data: 'AAAA' } },
            { type: 'image', source: { type: 'url', url: 's3://bucket/a.png', mediaType: 'image/png' } },
            {
              type: 'document',
              source: { type: 'base64', mediaType: 'application/pdf', data: 'BBBB' },
              title: 'A report',
              cacheControl: {},
            },
            { type: 'opaque', wire, value: { guardContent: { text: { text: 'watch this' } } } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm', signature: 'SIG' },
            { type: 'reasoning', text: '', redacted: 'ENC=' },
            { type: 'text', text: 'looking' },
            { type: 'opaque', wire, value: { citations: [{ title: 'A report' }] } },
            { type: 'tool-call', id: 'tooluse_1', name: 'look', arguments: '{"x":[1,2]}' },
            { type: 'tool-call', id: 'tooluse_2', name: 'wait', arguments: '{}' },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'tooluse_1', content: 'seen', isError: true },
            {
              type: 'tool-result',
              toolCallId: 'tooluse_2',
              content: [
                { type: 'text', text: 'ok' },
                { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'CCCC' } },
              ],
            },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'go on', cacheControl: { ttl: '5m' } }] },
      ],
      tools: [
        { name: 'look', description: 'looks', parameters: { type: 'object', properties: { x: { type: 'array' } } } },
        { name: 'wait', parameters: { type: 'object', properties: {} }, strict: true, cacheControl: {} },
        { name: 'nova_grounding', opaque: { wire, value: { systemTool: { name: 'nova_grounding' } } } },
      ],
      toolChoice: { type: 'auto' },
      maxTokens: 4096,
      reasoning: { enabled: true, budgetTokens: 2048 },
      outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' }, strict: true },
      extensions: {
        wire,
        body: {
          performanceConfig: { latency: 'optimized' },
          requestMetadata: { team: 'x' },
          additionalModelRequestFields: { anthropic_beta: ['a'] },
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
