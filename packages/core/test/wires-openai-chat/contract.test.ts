import type { ChatRequest } from '../../src/spec/request.ts';
import { openaiChatClient, openaiChatServer } from '../../src/wires/openai-chat/index.ts';
import { testTarget } from '../testkit/samples.ts';
import { describeWireContract } from '../testkit/wire-contract.ts';

const everything: ChatRequest = {
  messages: [
    { role: 'system', content: 'Be short.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?', cacheControl: { ttl: '1h' } },
        { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'aGk=' }, detail: 'low' },
        { type: 'image', source: { type: 'url', url: 'https://example.test/a.png' } },
        { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data: 'aGk=' }, title: 'a.pdf' },
      ],
      name: 'ada',
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hmm' },
        { type: 'text', text: 'Let me look.' },
        { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{ "n": 12345678901234567890 }' },
      ],
    },
    { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'call_1', content: 'seen' }] },
    { role: 'user', content: 'And?' },
  ],
  tools: [
    {
      name: 'look',
      description: 'Looks.',
      parameters: { type: 'object', properties: { n: { type: 'number' } } },
      strict: true,
      cacheControl: {},
    },
  ],
  toolChoice: { type: 'tool', name: 'look' },
  parallelToolCalls: false,
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  stop: ['END'],
  seed: 7,
  presencePenalty: 0.1,
  frequencyPenalty: 0.2,
  user: 'u-1',
  reasoning: { effort: 'high' },
  outputFormat: { type: 'json-schema', name: 'out', schema: { type: 'object' }, strict: true },
  extensions: { wire: 'openai-chat', body: { logit_bias: { '5': -100 }, service_tier: 'flex' } },
};

describeWireContract({
  client: openaiChatClient,
  server: openaiChatServer,
  target: testTarget({
    reasoningReplay: 'reasoning_content',
    reasoningStyle: 'reasoning_effort',
    cacheControl: true,
    topK: true,
  }),
  requests: [
    { messages: [{ role: 'user', content: 'hi' }] },
    everything,
    { messages: [{ role: 'user', content: 'x' }], outputFormat: { type: 'json' } },
  ],
});
