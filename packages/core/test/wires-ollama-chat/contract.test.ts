import type { ChatRequest } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { describeWireContract } from '../testkit/wire-contract.ts';
import { client, server, target } from './support.ts';

const wire = 'ollama-chat' as const;

const everything: ChatRequest = {
  messages: [
    { role: 'system', content: 'Be short.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgoAAAA=' } },
        { type: 'image', source: { type: 'base64', mediaType: 'image/jpeg', data: '/9j/4AAQ' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'Let me look.' },
        { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{"n":[1,2]}' },
        { type: 'tool-call', id: 'call_2', name: 'wait', arguments: '{}' },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: 'call_1', content: 'seen' },
        { type: 'tool-result', toolCallId: 'call_2', content: '' },
      ],
    },
    { role: 'user', content: 'And?' },
  ],
  tools: [
    { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: { n: { type: 'array' } } } },
    { name: 'wait', parameters: { type: 'object', properties: {} } },
  ],
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  stop: ['END'],
  seed: 7,
  presencePenalty: 0.1,
  frequencyPenalty: 0.2,
  reasoning: { enabled: true },
  outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
  extensions: { wire, body: { keep_alive: '5m', options: { num_ctx: 8192 } } },
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
      reasoning: { enabled: false },
      ...none,
    },
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
