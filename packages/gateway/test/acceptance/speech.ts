import type { Wire } from './wire.ts';

/** What a vendor says, as events of its protocol, written by hand: nothing here uses the code under test. */
export interface Speech {
  /** Each with its blank line. */
  readonly events: readonly string[];
  /** Index of the first event that carries content, and of the one after the last. */
  readonly contentFrom: number;
  readonly contentTo: number;
  /** Index from which only end markers follow that a complete answer can do without. */
  readonly spareFrom: number;
}

export interface Said {
  readonly pieces: readonly string[];
  /** A tool call after the text: its arguments in pieces. */
  readonly tool?: readonly string[];
  readonly model: string;
  readonly id: string;
}

const sse = (data: unknown, event?: string): string =>
  `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

export const SPEECH: Readonly<Record<Wire, (said: Said) => Speech>> = {
  chat_completions({ pieces, tool, model, id }) {
    const chunk = (delta: object, finish: string | null = null, more: object = {}) =>
      sse({
        id,
        object: 'chat.completion.chunk',
        created: 1,
        model,
        choices: [{ index: 0, delta, finish_reason: finish }],
        ...more,
      });
    const call = (index: number, part: string, first: boolean) => ({
      tool_calls: [
        {
          index,
          ...(first ? { id: `call_${id}`, type: 'function' } : {}),
          function: { ...(first ? { name: 'note' } : {}), arguments: part },
        },
      ],
    });
    const content = [
      ...pieces.map((content) => chunk({ content })),
      ...(tool ?? []).map((part, i) => chunk(call(0, part, i === 0))),
    ];
    const usage = { usage: { prompt_tokens: 9, completion_tokens: pieces.length, total_tokens: 9 + pieces.length } };
    const head = [chunk({ role: 'assistant', content: '' })];
    const tail = [
      chunk({}, tool === undefined ? 'stop' : 'tool_calls'),
      sse({ id, object: 'chat.completion.chunk', created: 1, model, choices: [], ...usage }),
      sse('[DONE]'),
    ];
    const contentTo = head.length + content.length;
    return { events: [...head, ...content, ...tail], contentFrom: head.length, contentTo, spareFrom: contentTo + 2 };
  },

  messages({ pieces, tool, model, id }) {
    const event = (data: { type: string } & Record<string, unknown>) => sse(data, data.type);
    const head = [
      event({
        type: 'message_start',
        message: {
          id,
          type: 'message',
          role: 'assistant',
          model,
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 9, output_tokens: 1 },
        },
      }),
      event({ type: 'ping' }),
    ];
    const content: string[] = [];
    let index = 0;
    if (pieces.length > 0) {
      content.push(event({ type: 'content_block_start', index, content_block: { type: 'text', text: '' } }));
      for (const text of pieces)
        content.push(event({ type: 'content_block_delta', index, delta: { type: 'text_delta', text } }));
      content.push(event({ type: 'content_block_stop', index: index++ }));
    }
    if (tool !== undefined) {
      content.push(
        event({
          type: 'content_block_start',
          index,
          content_block: { type: 'tool_use', id: `toolu_${id}`, name: 'note', input: {} },
        }),
      );
      for (const part of tool)
        content.push(
          event({ type: 'content_block_delta', index, delta: { type: 'input_json_delta', partial_json: part } }),
        );
      content.push(event({ type: 'content_block_stop', index }));
    }
    const tail = [
      event({
        type: 'message_delta',
        delta: { stop_reason: tool === undefined ? 'end_turn' : 'tool_use', stop_sequence: null },
        usage: { output_tokens: pieces.length },
      }),
      event({ type: 'message_stop' }),
    ];
    const contentTo = head.length + content.length;
    return {
      events: [...head, ...content, ...tail],
      contentFrom: head.length + 1,
      contentTo,
      spareFrom: contentTo + 1,
    };
  },

  responses({ pieces, tool, model, id }) {
    let sequence = 0;
    const event = (data: { type: string } & Record<string, unknown>) =>
      sse({ ...data, sequence_number: sequence++ }, data.type);
    const base = { id, object: 'response', created_at: 1, model, status: 'in_progress', output: [] as unknown[] };
    const head = [
      event({ type: 'response.created', response: base }),
      event({ type: 'response.in_progress', response: base }),
    ];
    const content: string[] = [];
    const output: unknown[] = [];
    if (pieces.length > 0) {
      const item = {
        id: `msg_${id}`,
        type: 'message',
        role: 'assistant',
        status: 'in_progress',
        content: [] as unknown[],
      };
      const at = { item_id: item.id, output_index: 0, content_index: 0 };
      content.push(event({ type: 'response.output_item.added', output_index: 0, item }));
      content.push(
        event({ type: 'response.content_part.added', ...at, part: { type: 'output_text', text: '', annotations: [] } }),
      );
      for (const delta of pieces) content.push(event({ type: 'response.output_text.delta', ...at, delta }));
      const text = pieces.join('');
      const part = { type: 'output_text', text, annotations: [] };
      content.push(event({ type: 'response.output_text.done', ...at, text }));
      content.push(event({ type: 'response.content_part.done', ...at, part }));
      const done = { ...item, status: 'completed', content: [part] };
      output.push(done);
      content.push(event({ type: 'response.output_item.done', output_index: 0, item: done }));
    }
    if (tool !== undefined) {
      const index = output.length;
      const item = {
        id: `fc_${id}`,
        type: 'function_call',
        call_id: `call_${id}`,
        name: 'note',
        arguments: '',
        status: 'in_progress',
      };
      content.push(event({ type: 'response.output_item.added', output_index: index, item }));
      for (const delta of tool)
        content.push(
          event({ type: 'response.function_call_arguments.delta', item_id: item.id, output_index: index, delta }),
        );
      const done = { ...item, arguments: tool.join(''), status: 'completed' };
      content.push(
        event({
          type: 'response.function_call_arguments.done',
          item_id: item.id,
          output_index: index,
          arguments: done.arguments,
        }),
      );
      content.push(event({ type: 'response.output_item.done', output_index: index, item: done }));
      output.push(done);
    }
    const usage = { input_tokens: 9, output_tokens: pieces.length, total_tokens: 9 + pieces.length };
    const tail = [event({ type: 'response.completed', response: { ...base, status: 'completed', output, usage } })];
    const contentTo = head.length + content.length;
    // The last event is the answer's only end: none is spare.
    return {
      events: [...head, ...content, ...tail],
      contentFrom: head.length + (pieces.length > 0 ? 2 : 1),
      contentTo,
      spareFrom: contentTo + 1,
    };
  },
};

export const IN_BAND_ERROR: Readonly<Record<Wire, string>> = {
  chat_completions: sse({ error: { message: 'upstream went away', type: 'server_error', code: 'internal' } }),
  messages: sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'error'),
  responses: sse(
    {
      type: 'response.failed',
      sequence_number: 99,
      response: {
        id: 'r',
        object: 'response',
        status: 'failed',
        error: { code: 'server_error', message: 'it broke' },
        output: [],
      },
    },
    'response.failed',
  ),
};

/** An event that is no JSON: cut off by a proxy, say. */
export const BROKEN_EVENT: Readonly<Record<Wire, string>> = {
  chat_completions: 'data: {"id":"x","choices":[{"delta":{"conte\n\n',
  messages: 'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"del\n\n',
  responses: 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","item\n\n',
};
