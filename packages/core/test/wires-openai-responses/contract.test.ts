import type { ChatRequest } from '../../src/spec/request.ts';
import { openaiResponsesClient, openaiResponsesServer } from '../../src/wires/openai-responses/index.ts';
import { testTarget } from '../testkit/samples.ts';
import { describeWireContract } from '../testkit/wire-contract.ts';

const wire = 'openai-responses' as const;
const extensions = { wire, body: {} };
const stateless = { wire, body: { store: false, include: ['reasoning.encrypted_content'] } };

const conversation: ChatRequest = {
  messages: [
    { role: 'system', content: 'be terse' },
    { role: 'system', content: [{ type: 'text', text: 'and kind' }] },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what is this?' },
        { type: 'image', source: { type: 'base64', mediaType: 'image/png', data: 'AAAA' }, detail: 'low' },
        { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
        { type: 'image', source: { type: 'file', fileId: 'file_i' } },
        { type: 'document', source: { type: 'file', fileId: 'file_1' }, title: 'A' },
        { type: 'document', source: { type: 'url', url: 'https://example.com/b.pdf' } },
        { type: 'document', source: { type: 'base64', mediaType: 'application/pdf', data: 'BBBB' }, title: 'b.pdf' },
        { type: 'opaque', wire, value: { part: { type: 'input_audio', input_audio: { data: 'x', format: 'wav' } } } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'hm', redacted: 'gAAAA1' },
        { type: 'reasoning', text: '', redacted: 'gAAAA2' },
        { type: 'opaque', wire, value: { item: { phase: 'commentary' } } },
        { type: 'text', text: 'looking' },
        { type: 'tool-call', id: 'call_1', name: 'look', arguments: '{ "x": [1, 2.0] }' },
        { type: 'opaque', wire, value: { item: { caller: { type: 'direct' } } } },
        { type: 'tool-call', id: 'call_2', name: 'wait', arguments: '{}' },
        {
          type: 'opaque',
          wire,
          value: { type: 'custom_tool_call', call_id: 'call_3', name: 'sql', input: 'SELECT 1' },
        },
      ],
    },
    {
      role: 'tool',
      content: [
        { type: 'tool-result', toolCallId: 'call_1', content: 'seen' },
        { type: 'tool-result', toolCallId: 'call_2', content: [{ type: 'text', text: 'ok' }] },
      ],
    },
    {
      role: 'user',
      content: [{ type: 'opaque', wire, value: { type: 'custom_tool_call_output', call_id: 'call_3', output: '1' } }],
    },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'no' },
        { type: 'refusal', text: 'I will not' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'a second message' }] },
    { role: 'user', content: 'go on' },
  ],
  tools: [
    { name: 'look', description: 'looks', parameters: { type: 'object', properties: { x: { type: 'array' } } } },
    { name: 'wait', parameters: { type: 'object', properties: {} }, strict: true },
    { name: 'web_search', opaque: { wire, value: { type: 'web_search', search_context_size: 'low' } } },
    { name: 'sql', opaque: { wire, value: { type: 'custom', name: 'sql', format: { type: 'text' } } } },
  ],
  toolChoice: { type: 'tool', name: 'look' },
  parallelToolCalls: false,
  maxTokens: 4096,
  temperature: 0.5,
  topP: 0.9,
  reasoning: { effort: 'high', summary: 'auto' },
  outputFormat: { type: 'json-schema', name: 'answer', schema: { type: 'object' }, strict: true, description: 'it' },
  user: 'u-1',
  extensions: {
    wire,
    body: {
      ...stateless.body,
      service_tier: 'flex',
      metadata: { team: 'x' },
      text: { verbosity: 'low' },
      reasoning: { context: 'all' },
      tools: [{ name: 'look', defer_loading: true }],
    },
  },
};

describeWireContract({
  client: openaiResponsesClient,
  server: openaiResponsesServer,
  target: testTarget(),
  requests: [
    { messages: [{ role: 'user', content: 'hi' }], extensions },
    conversation,
    {
      messages: [{ role: 'user', content: 'and then?' }],
      outputFormat: { type: 'json' },
      toolChoice: { type: 'required' },
      tools: [{ name: 'f', parameters: { type: 'object', properties: {} } }],
      extensions: { wire, body: { previous_response_id: 'resp_1', truncation: 'auto' } },
    },
    {
      // Stored items are known by their ids.
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'assistant',
          content: [
            { type: 'opaque', wire, value: { type: 'reasoning', id: 'rs_1', summary: [] } },
            { type: 'opaque', wire, value: { item: { id: 'msg_1' } } },
            { type: 'text', text: 'ho' },
            { type: 'opaque', wire, value: { type: 'item_reference', id: 'ws_1' } },
            { type: 'opaque', wire, value: { item: { id: 'fc_1' } } },
            { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{}' },
          ],
        },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'call_1', content: 'x' }] },
      ],
      extensions,
    },
  ],
});
