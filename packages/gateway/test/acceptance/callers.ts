import { fairNow } from './fair-time.ts';
import type { Wire } from './wire.ts';

/** What a caller saw, read from the bytes by rules of the protocol alone. */
export interface Saw {
  readonly status: number;
  readonly text: string;
  /** Arguments of the tool call, as far as they came. */
  readonly tool: string;
  /** The protocol's own end of a complete answer came, once, last. */
  readonly complete: boolean;
  /** The error, in the stream or as the whole answer. */
  readonly error?: string;
  readonly model?: string;
  readonly hasUsage: boolean;
  readonly ids: ReadonlySet<string>;
  /** What breaks the protocol's own rules. */
  readonly malformed?: string;
  readonly tookMs: number;
}

// What came is read as it came; a field that is not there fails the case.
// oxlint-disable-next-line no-explicit-any
type Event = Record<string, any>;

const PATHS: Readonly<Record<Wire, string>> = {
  chat_completions: '/v1/chat/completions',
  messages: '/v1/messages',
  responses: '/v1/responses',
};

function requestOf(wire: Wire, model: string, tools: boolean): object {
  const schema = { type: 'object', properties: { note: { type: 'string' } } };
  const go = [{ role: 'user', content: 'go' }];
  switch (wire) {
    case 'chat_completions':
      return {
        model,
        messages: go,
        stream: true,
        stream_options: { include_usage: true },
        ...(tools ? { tools: [{ type: 'function', function: { name: 'note', parameters: schema } }] } : {}),
      };
    case 'messages':
      return {
        model,
        messages: go,
        stream: true,
        max_tokens: 4000,
        ...(tools ? { tools: [{ name: 'note', input_schema: schema }] } : {}),
      };
    case 'responses':
      return {
        model,
        input: 'go',
        stream: true,
        ...(tools ? { tools: [{ type: 'function', name: 'note', parameters: schema }] } : {}),
      };
  }
}

export async function ask(url: string, wire: Wire, model: string, tools = false): Promise<Saw> {
  const began = fairNow();
  const response = await fetch(`${url}${PATHS[wire]}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(requestOf(wire, model, tools)),
    signal: AbortSignal.timeout(100_000),
  });
  let body = '';
  let broken = false;
  try {
    body = await response.text();
  } catch {
    broken = true;
  }
  const tookMs = fairNow() - began;
  const nothing = {
    text: '',
    tool: '',
    complete: false,
    hasUsage: false,
    ids: new Set<string>(),
    status: response.status,
    tookMs,
  };
  if (response.status !== 200) return { ...nothing, error: body };
  const events: { name?: string; data: string }[] = [];
  for (const block of body.split('\n\n')) {
    const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith(':'));
    if (lines.length === 0) continue;
    const field = (name: string) =>
      lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
    events.push({ name: field('event')[0], data: field('data').join('\n') });
  }
  const seen = READ[wire](events);
  return { ...nothing, ...seen, ...(broken ? { complete: false, error: seen.error ?? 'the connection broke' } : {}) };
}

type Read = Pick<Saw, 'text' | 'tool' | 'complete' | 'error' | 'model' | 'hasUsage' | 'ids' | 'malformed'>;

const READ: Readonly<Record<Wire, (events: readonly { name?: string; data: string }[]) => Read>> = {
  chat_completions(events) {
    const seen = { text: '', tool: '', hasUsage: false, ids: new Set<string>() };
    let finish: string | undefined;
    let done = 0;
    let error: string | undefined;
    let model: string | undefined;
    let malformed: string | undefined;
    for (const { data } of events) {
      if (done > 0) malformed = 'something after [DONE]';
      if (data === '[DONE]') {
        done++;
        continue;
      }
      const chunk = JSON.parse(data) as Event;
      if (chunk['error'] !== undefined) {
        error = JSON.stringify(chunk['error']);
        continue;
      }
      seen.ids.add(String(chunk['id']));
      model = chunk['model'] as string;
      if (chunk['usage']) seen.hasUsage = true;
      const choice = chunk['choices']?.[0];
      const delta = choice?.delta ?? {};
      if (finish !== undefined && (delta.content || delta.tool_calls)) malformed = 'content after the finish reason';
      seen.text += delta.content ?? '';
      for (const call of delta.tool_calls ?? []) seen.tool += call.function?.arguments ?? '';
      if (choice?.finish_reason) finish = choice.finish_reason;
    }
    return { ...seen, model, error, malformed, complete: done === 1 && finish !== undefined && error === undefined };
  },

  messages(events) {
    const seen = { text: '', tool: '', hasUsage: false, ids: new Set<string>() };
    let error: string | undefined;
    let model: string | undefined;
    let malformed: string | undefined;
    let stops = 0;
    let reason: string | undefined;
    let openBlock = -1;
    let blocks = 0;
    for (const { name, data } of events) {
      const event = JSON.parse(data) as Event;
      if (name !== event['type']) malformed = `event ${name} says it is ${event['type']}`;
      if (stops > 0) malformed = 'something after message_stop';
      switch (event['type']) {
        case 'message_start':
          seen.ids.add(event['message'].id);
          model = event['message'].model;
          break;
        case 'content_block_start':
          if (openBlock >= 0 || event['index'] !== blocks) malformed = 'blocks out of order';
          openBlock = event['index'];
          blocks++;
          break;
        case 'content_block_delta':
          if (event['index'] !== openBlock) malformed = 'a delta outside its block';
          if (event['delta'].type === 'text_delta') seen.text += event['delta'].text;
          if (event['delta'].type === 'input_json_delta') seen.tool += event['delta'].partial_json;
          break;
        case 'content_block_stop':
          openBlock = -1;
          break;
        case 'message_delta':
          reason = event['delta'].stop_reason;
          if (event['usage']) seen.hasUsage = true;
          break;
        case 'message_stop':
          stops++;
          if (openBlock >= 0) malformed = 'the message ends inside a block';
          break;
        case 'error':
          error = data;
          break;
      }
    }
    return { ...seen, model, error, malformed, complete: stops === 1 && reason !== undefined && error === undefined };
  },

  responses(events) {
    const seen = { text: '', tool: '', hasUsage: false, ids: new Set<string>() };
    let error: string | undefined;
    let model: string | undefined;
    let malformed: string | undefined;
    let completed = 0;
    let whole = '';
    let sequence = -1;
    const items = new Map<number, string>();
    for (const { name, data } of events) {
      if (data === '[DONE]') continue;
      const event = JSON.parse(data) as Event;
      if (name !== event['type']) malformed = `event ${name} says it is ${event['type']}`;
      if (typeof event['sequence_number'] === 'number') {
        if (event['sequence_number'] <= sequence) malformed = 'sequence numbers do not rise';
        sequence = event['sequence_number'];
      }
      if (completed > 0) malformed = 'something after response.completed';
      const item = event['item_id'] ?? event['item']?.id;
      if (item !== undefined) {
        const known = items.get(event['output_index']);
        if (known !== undefined && known !== item) malformed = `item ${known} becomes ${item}`;
        items.set(event['output_index'], item);
      }
      if (event['response']?.id) seen.ids.add(event['response'].id);
      switch (event['type']) {
        case 'response.output_text.delta':
          seen.text += event['delta'];
          break;
        case 'response.function_call_arguments.delta':
          seen.tool += event['delta'];
          break;
        case 'response.completed':
          completed++;
          model = event['response'].model;
          if (event['response'].usage) seen.hasUsage = true;
          for (const item of event['response'].output) for (const part of item.content ?? []) whole += part.text ?? '';
          break;
        case 'response.failed':
        case 'response.incomplete':
        case 'error':
          error = data;
          break;
      }
    }
    if (completed > 0 && whole !== seen.text) malformed = 'response.completed holds another text than its deltas';
    return { ...seen, model, error, malformed, complete: completed === 1 && error === undefined };
  },
};
