import type { ChatRequest } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { describeWireContract } from '../testkit/wire-contract.ts';
import { client, server, target, wire } from './support.ts';

const everything: ChatRequest = {
  messages: [
    { role: 'system', content: 'Be short.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'aGk=' }, detail: 'low' },
        { type: 'image', source: { type: 'url', url: 'https://images.example/a.png' } },
        { type: 'image', source: { type: 'file', fileId: 'gs://bucket/a.png', mediaType: 'image/png' } },
        { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data: 'aGk=' } },
        { type: 'opaque', wire, value: { content: { type: 'audio', mime_type: 'audio/wav', data: 'aGk=' } } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm', signature: 'SIG-1' },
        { type: 'text', text: 'Let me look.' },
        { type: 'opaque', wire, value: { annotations: [{ type: 'url_citation', url: 'https://a.example' }] } },
        {
          type: 'opaque',
          wire,
          value: { step: { type: 'google_search_call', id: 's', arguments: { queries: ['a'] } } },
        },
        { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{"n":[1,2]}', signature: 'SIG-2' },
        { type: 'tool-call', id: 'call_2', name: 'wait', arguments: '{}' },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'call_1',
          name: 'look',
          content: [
            { type: 'text', text: 'seen' },
            { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'aGk=' } },
          ],
        },
        { type: 'tool-result', toolCallId: 'call_2', name: 'wait', content: 'no', isError: true },
      ],
    },
    { role: 'assistant', content: 'I see.' },
    { role: 'user', content: 'And?' },
  ],
  tools: [
    { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: { n: { type: 'array' } } } },
    { name: 'wait' },
    { name: 'google_search', opaque: { wire, value: { type: 'google_search' } } },
  ],
  toolChoice: { type: 'tool', name: 'look' },
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  stop: ['END'],
  seed: 7,
  reasoning: { effort: 'low', summary: 'auto' },
  outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
  extensions: {
    wire,
    body: {
      previous_interaction_id: 'v1_before',
      store: true,
      service_tier: 'flex',
      generation_config: { image_config: { aspect_ratio: '1:1' } },
    },
  },
};

const none = { extensions: { wire, body: {} } };

describeWireContract({
  client,
  server,
  target: target(),
  requests: [
    { messages: [{ role: 'user', content: 'hi' }], ...none },
    everything,
    {
      messages: [{ role: 'user', content: 'x' }],
      outputFormat: { type: 'json' },
      reasoning: { summary: 'none' },
      ...none,
    },
    { messages: [{ role: 'user', content: 'x' }], outputFormat: { type: 'text' }, ...none },
  ],
  // A whole answer holds arguments as objects; streamed ones are compared byte for byte in their own test.
  normalize: ({ content, text, finishReason, usage }: ChatResponse): unknown => ({
    content: content.map((part) =>
      part.type === 'tool-call' ? { ...part, arguments: JSON.stringify(JSON.parse(part.arguments)) } : part,
    ),
    text,
    finishReason,
    input: usage?.inputTokens,
    output: usage?.outputTokens,
  }),
});
