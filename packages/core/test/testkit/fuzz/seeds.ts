import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeAwsFrame } from '../../../src/framing/aws-event-stream.ts';
import type { WireId } from '../../../src/spec/wire-id.ts';

const ROOT = fileURLToPath(new URL('../../../../../../shared/fixtures/recorded/', import.meta.url));
/** Long recordings say the same more slowly. */
const MAX_RECORDING_BYTES = 24_000;

export const FUZZ_WIRES = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
  'gemini',
  'bedrock-converse',
  'ollama-chat',
  'cohere-chat',
  'gemini-interactions',
] as const satisfies readonly WireId[];
export type FuzzWire = (typeof FUZZ_WIRES)[number];

type Json = Record<string, unknown>;

/** One stream as it comes over the network, with its events one by one for the mutations that move whole events. */
export interface Seed {
  readonly name: string;
  readonly events: readonly Buffer[];
}

const chat = (delta: Json, finish: string | null = null): string =>
  JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });
const call = (index: number, part: Json): Json => ({ tool_calls: [{ index, ...part }] });

/** One text and one tool answer for each wire, for where no recordings lie beside the repository. */
const SMALL: Readonly<Record<FuzzWire, readonly (readonly string[])[]>> = {
  'openai-chat': [
    [chat({ role: 'assistant', content: 'Grüße, ' }), chat({ content: '世界 🙂.' }), chat({}, 'stop'), '[DONE]'],
    [
      chat(call(0, { id: 'call_1', type: 'function', function: { name: 'look', arguments: '' } })),
      chat(call(0, { function: { arguments: '{"a":"b c' } })),
      chat(call(0, { function: { arguments: ' d"}' } })),
      chat({}, 'tool_calls'),
      '[DONE]',
    ],
  ],
  'openai-responses': [
    [
      '{"type":"response.created","response":{"id":"r","model":"m","status":"in_progress","output":[]}}',
      '{"type":"response.output_item.added","output_index":0,"item":{"id":"i","type":"message","role":"assistant","content":[]}}',
      '{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"Hello 世界"}',
      '{"type":"response.output_item.done","output_index":0,"item":{"id":"i","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello 世界"}]}}',
      '{"type":"response.completed","response":{"id":"r","model":"m","status":"completed","output":[{"id":"i","type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello 世界"}]}]}}',
    ],
  ],
  'anthropic-messages': [
    [
      '{"type":"message_start","message":{"id":"x","type":"message","role":"assistant","model":"m","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}',
      '{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}',
      '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello 世界"}}',
      '{"type":"content_block_stop","index":0}',
      '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"look","input":{}}}',
      '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}}',
      '{"type":"content_block_stop","index":1}',
      '{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}',
      '{"type":"message_stop"}',
    ],
  ],
  gemini: [
    [
      '{"candidates":[{"content":{"role":"model","parts":[{"text":"Hello "}]}}],"modelVersion":"m"}',
      '{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"look","args":{"a":1}}}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":2,"totalTokenCount":5}}',
    ],
  ],
  'bedrock-converse': [
    [
      '{"messageStart":{"role":"assistant"}}',
      '{"contentBlockDelta":{"contentBlockIndex":0,"delta":{"text":"Hello 世界"}}}',
      '{"contentBlockStop":{"contentBlockIndex":0}}',
      '{"messageStop":{"stopReason":"end_turn"}}',
      '{"metadata":{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}}',
    ],
  ],
  'ollama-chat': [
    [
      '{"model":"m","message":{"role":"assistant","content":"Hello "},"done":false}',
      '{"model":"m","message":{"role":"assistant","content":"世界","thinking":"hm"},"done":false}',
      '{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":3,"eval_count":2}',
    ],
    [
      '{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"a":"b"}}}]},"done":false}',
      '{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}',
    ],
  ],
  'cohere-chat': [
    [
      '{"id":"c","type":"message-start","delta":{"message":{"role":"assistant","content":[]}}}',
      '{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}',
      '{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hello 世界"}}}}',
      '{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":5,"text":"Hello","sources":[]}}}}',
      '{"type":"citation-end","index":0}',
      '{"type":"content-end","index":0}',
      '{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":3,"output_tokens":2}}}}',
    ],
    [
      '{"id":"d","type":"message-start","delta":{"message":{"role":"assistant"}}}',
      '{"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I will look."}}}',
      '{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"t","type":"function","function":{"name":"look","arguments":""}}}}}',
      '{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\\"a\\":1}"}}}}}',
      '{"type":"tool-call-end","index":0}',
      '{"type":"message-end","delta":{"finish_reason":"TOOL_CALL"}}',
    ],
  ],
  'gemini-interactions': [
    [
      '{"interaction":{"id":"v1_a","status":"in_progress","model":"m"},"event_type":"interaction.created"}',
      '{"interaction_id":"v1_a","status":"in_progress","event_type":"interaction.status_update"}',
      '{"index":0,"step":{"type":"thought"},"event_type":"step.start"}',
      '{"index":0,"delta":{"content":{"text":"Hm.","type":"text"},"type":"thought_summary"},"event_type":"step.delta"}',
      '{"index":0,"delta":{"signature":"c2ln","type":"thought_signature"},"event_type":"step.delta"}',
      '{"index":0,"event_type":"step.stop"}',
      '{"index":1,"step":{"type":"model_output"},"event_type":"step.start"}',
      '{"index":1,"delta":{"text":"Hello 世界","type":"text"},"event_type":"step.delta"}',
      '{"index":1,"event_type":"step.stop"}',
      '{"index":2,"step":{"type":"function_call","id":"t","name":"look","arguments":{}},"event_type":"step.start"}',
      '{"index":2,"delta":{"arguments":"{\\"a\\":1}","type":"arguments_delta"},"event_type":"step.delta"}',
      '{"index":2,"event_type":"step.stop"}',
      '{"interaction":{"id":"v1_a","status":"requires_action","usage":{"total_input_tokens":3,"total_output_tokens":2}},"event_type":"interaction.completed"}',
    ],
  ],
};

/** The name that the vendor puts on the event's own line, where it puts one. */
function eventName(wire: FuzzWire, payload: string): string | undefined {
  if (wire === 'openai-chat' || wire === 'gemini') return undefined;
  // One recording is a brace short in two of its events, so they are not parsed.
  return /"event_type":"([\w.]+)"/.exec(payload)?.[1] ?? /^\{(?:"id":"[^"]*",)?"type":"([\w.-]+)"/.exec(payload)?.[1];
}

function framed(wire: FuzzWire, payload: string): Buffer {
  if (wire === 'ollama-chat') return Buffer.from(`${payload}\n`);
  if (wire !== 'bedrock-converse') {
    const type = eventName(wire, payload);
    return Buffer.from(`${type === undefined ? '' : `event: ${type}\n`}data: ${payload}\n\n`);
  }
  const [name, value] = Object.entries(JSON.parse(payload) as Json)[0] ?? ['', {}];
  const headers = { ':event-type': name, ':content-type': 'application/json', ':message-type': 'event' };
  return encodeAwsFrame(headers, JSON.stringify(value));
}

function wireOf(vendor: string, first: string): FuzzWire | undefined {
  if (vendor === 'amazon-bedrock') return first.startsWith('{"messageStart"') ? 'bedrock-converse' : undefined;
  if (first.includes('"type":"message_start"')) return 'anthropic-messages';
  if (first.includes('"type":"response.created"')) return 'openai-responses';
  if (first.includes('"event_type":"interaction.created"')) return 'gemini-interactions';
  if (first.includes('"type":"message-start"')) return 'cohere-chat';
  if (first.includes('"candidates"')) return 'gemini';
  return first.includes('"choices"') ? 'openai-chat' : undefined;
}

export function builtInSeeds(wire: FuzzWire): Seed[] {
  return SMALL[wire].map((payloads, at) => ({
    name: `built-in ${at + 1}`,
    events: payloads.map((payload) => framed(wire, payload)),
  }));
}

/** Recorded streams of real vendors beside the repository where they are there, and the small ones. */
export function seedsOf(wire: FuzzWire): Seed[] {
  const seeds = builtInSeeds(wire);
  if (!existsSync(ROOT)) return seeds;
  for (const vendor of readdirSync(ROOT).toSorted()) {
    if (!statSync(ROOT + vendor).isDirectory()) continue;
    for (const file of readdirSync(ROOT + vendor).toSorted()) {
      const path = `${vendor}/${file}`;
      if (!file.endsWith('.chunks.txt') || statSync(ROOT + path).size > MAX_RECORDING_BYTES) continue;
      const lines = readFileSync(ROOT + path, 'utf8')
        .split('\n')
        .filter((line) => line.trim() !== '');
      if (wireOf(vendor, lines[0] ?? '') !== wire) continue;
      const payloads = wire === 'openai-chat' ? [...lines, '[DONE]'] : lines;
      seeds.push({ name: path, events: payloads.map((payload) => framed(wire, payload)) });
    }
  }
  return seeds;
}
