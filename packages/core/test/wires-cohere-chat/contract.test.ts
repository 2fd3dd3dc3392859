import type { ChatRequest } from '../../src/spec/request.ts';
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
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm' },
        { type: 'text', text: 'Let me look.' },
        { type: 'reasoning', text: 'I will look, then wait.', id: 'tool_plan' },
        { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{ "n" : [1,2.0] }' },
        { type: 'tool-call', id: 'call_2', name: 'wait', arguments: '{}' },
      ],
    },
    {
      role: 'tool',
      content: [
        {
          type: 'tool-result',
          toolCallId: 'call_1',
          content: [
            { type: 'text', text: 'seen' },
            { type: 'document', source: { type: 'text', text: 'a fox' }, title: 'photo' },
            {
              type: 'opaque',
              wire,
              value: { content: { type: 'document', document: { id: 'd1', data: { rows: '3', unit: 'm' } } } },
            },
          ],
        },
        { type: 'tool-result', toolCallId: 'call_2', content: '' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'A fox.' },
        {
          type: 'opaque',
          wire,
          value: { citations: [{ start: 2, end: 5, text: 'fox', sources: [{ type: 'tool', id: 'call_1:0' }] }] },
        },
      ],
    },
    { role: 'user', content: 'And?' },
  ],
  tools: [
    {
      name: 'look',
      description: 'Looks.',
      parameters: { type: 'object', properties: { n: { type: 'array' } }, required: ['n'] },
      strict: true,
    },
    { name: 'wait', parameters: { type: 'object', properties: {} }, strict: true },
  ],
  toolChoice: { type: 'required' },
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  stop: ['END'],
  seed: 7,
  presencePenalty: 0.1,
  frequencyPenalty: 0.2,
  reasoning: { enabled: true, budgetTokens: 512 },
  outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
  extensions: {
    wire,
    body: { documents: [{ id: 'a', data: { text: 'b' } }], citation_options: { mode: 'FAST' }, safety_mode: 'STRICT' },
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
      tools: [{ name: 'look', parameters: { type: 'object', properties: {} } }],
      toolChoice: { type: 'none' },
      outputFormat: { type: 'json' },
      reasoning: { enabled: false },
      ...none,
    },
  ],
});
