import type { ChatRequest } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { describeWireContract } from '../testkit/wire-contract.ts';
import { arrayServer, client, received, server, target } from './support.ts';

const wire = 'gemini' as const;

const everything: ChatRequest = {
  messages: [
    { role: 'system', content: 'Be short.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'aGk=' } },
        { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data: 'aGk=' } },
        { type: 'image', source: { type: 'file', fileId: 'gs://bucket/a.png', mediaType: 'image/png' } },
        { type: 'opaque', wire, value: { part: { inlineData: { mimeType: 'audio/wav', data: 'aGk=' } } } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm', signature: 'SIG-1' },
        { type: 'text', text: 'Let me look.' },
        { type: 'opaque', wire, value: { part: { text: '', thoughtSignature: 'SIG-2' } } },
        { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{"n":[1,2]}', signature: 'SIG-3' },
        { type: 'tool-call', id: 'call_2', name: 'wait', arguments: '{}' },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: 'call_1', content: 'seen' },
        { type: 'tool-result', toolCallId: 'call_2', content: 'no', isError: true },
      ],
    },
    { role: 'assistant', content: 'I see.' },
    { role: 'user', content: 'And?' },
  ],
  tools: [
    { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: { n: { type: 'array' } } } },
    { name: 'wait' },
    { name: 'googleSearch', opaque: { wire, value: { googleSearch: {} } } },
  ],
  toolChoice: { type: 'tool', name: 'look' },
  maxTokens: 100,
  temperature: 0.5,
  topP: 0.9,
  topK: 40,
  stop: ['END'],
  seed: 7,
  presencePenalty: 0.1,
  frequencyPenalty: 0.2,
  reasoning: { budgetTokens: 2_048, summary: 'auto' },
  outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' } },
  extensions: {
    wire,
    body: {
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      cachedContent: 'cachedContents/x',
      generationConfig: { mediaResolution: 'MEDIA_RESOLUTION_LOW' },
    },
  },
};

// A whole answer holds arguments as objects; streamed ones are compared byte for byte in their own test.
const normalize = ({ content, text, finishReason, usage }: ChatResponse): unknown => ({
  content: content.map((part) =>
    part.type === 'tool-call' ? { ...part, arguments: JSON.stringify(JSON.parse(part.arguments)) } : part,
  ),
  text,
  finishReason,
  input: usage?.inputTokens,
  output: usage?.outputTokens,
});

const requests: ChatRequest[] = [
  { messages: [{ role: 'user', content: 'hi' }], extensions: { wire, body: {} } },
  everything,
  {
    messages: [{ role: 'user', content: 'x' }],
    outputFormat: { type: 'json' },
    reasoning: { enabled: false },
    extensions: { wire, body: {} },
  },
];

describeWireContract({ client, server, target: target(), requests, received, normalize });
describeWireContract({ client, server: arrayServer, target: target(), requests: [], received, normalize });
