import type { StreamEvent } from '../../spec/event.ts';
import type { JsonObject } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import type { AnswerContext } from '../wire.ts';
import { createItemWriter, type Emit } from './item-writer.ts';
import { writeUsage } from './usage.ts';

export interface AnswerWriter {
  write(event: StreamEvent): void;
  /** The response object with a status, as the last event and as the whole answer. */
  response(status: string, error?: JsonObject): JsonObject;
  /** Emits `response.created` and `response.in_progress` if that has not happened. */
  begin(): void;
  /** The item that is open went out under this id. */
  adopt(itemId: string): void;
  readonly closed: boolean;
  /** Set by `finish`: the name of the closing event and its response. */
  readonly last: JsonObject | undefined;
}

/** Writes events as the sequence that Codex CLI and the `openai` SDK's `responses.stream` follow. */
export function createAnswerWriter(context: AnswerContext, emit: Emit): AnswerWriter {
  let head = { id: context.id, model: context.model, createdAt: context.createdAt };
  let usage: Usage | undefined;
  let begun = false;
  let last: JsonObject | undefined;
  let incomplete: string | undefined;
  const items = createItemWriter(emit, () => head.id);

  const response = (status: string, error?: JsonObject): JsonObject => ({
    id: head.id,
    object: 'response',
    created_at: head.createdAt,
    status,
    error: error ?? null,
    incomplete_details: incomplete === undefined ? null : { reason: incomplete },
    instructions: null,
    metadata: {},
    model: head.model,
    output: [...items.output()],
    parallel_tool_calls: true,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage: usage === undefined || status === 'in_progress' ? null : writeUsage(usage),
  });

  const begin = (): void => {
    if (begun) return;
    begun = true;
    const fields = `"response":${JSON.stringify(response('in_progress'))}`;
    emit('response.created', fields);
    emit('response.in_progress', fields);
  };

  const finish = (event: StreamEvent & { type: 'finish' }): void => {
    items.closeAll();
    if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
    const { reason } = event;
    if (reason === 'length') incomplete = 'max_output_tokens';
    // A refusal that came as words is a complete answer here.
    else if (reason === 'content-filter' || (reason === 'refusal' && !items.refused)) incomplete = 'content_filter';
    const status = reason === 'error' ? 'failed' : incomplete === undefined ? 'completed' : 'incomplete';
    const error = { code: 'server_error', message: 'The model stopped because of an error.' };
    last = response(status, reason === 'error' ? error : undefined);
    emit(`response.${status}`, `"response":${JSON.stringify(last)}`);
  };

  return {
    write(event) {
      if (last !== undefined) return;
      switch (event.type) {
        case 'response-start':
          head = {
            id: event.id ?? head.id,
            model: event.model ?? head.model,
            createdAt: event.createdAt ?? head.createdAt,
          };
          return begin();
        case 'usage':
          usage = mergeUsage(usage, event.usage);
          return;
        case 'warning':
          return;
        case 'finish':
          begin();
          return finish(event);
        default:
          begin();
          return items.write(event);
      }
    },
    response,
    begin,
    adopt: (itemId) => items.adopt(itemId),
    get closed() {
      return last !== undefined;
    },
    get last() {
      return last;
    },
  };
}
