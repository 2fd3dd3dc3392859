import { ProviderError } from '../spec/errors.ts';
import type { FinishReason, StreamEvent } from '../spec/event.ts';
import type { Part } from '../spec/message.ts';
import type { ChatResponse } from '../spec/response.ts';
import { mergeUsage, type Usage } from '../spec/usage.ts';

export interface Collector {
  push(event: StreamEvent): void;
  /** The whole answer. Throws `ProviderError` kind `truncated` when no `finish` was pushed. */
  finish(): ChatResponse;
}

interface Draft {
  readonly kind: 'text' | 'refusal' | 'reasoning' | 'tool-call' | 'opaque';
  text: string;
  part: Part | undefined;
}

/** The synchronous fold over one stream of events. */
export function createCollector(): Collector {
  const drafts: Draft[] = [];
  const byIndex = new Map<number, Draft>();
  const warnings: { code: string; message: string }[] = [];
  const head: { id?: string; model?: string; createdAt?: number } = {};
  let usage: Usage | undefined;
  let end: { reason: FinishReason; rawReason?: string; stopSequence?: string } | undefined;

  const open = (index: number, kind: Draft['kind']): void => {
    const draft: Draft = { kind, text: '', part: undefined };
    drafts.push(draft);
    byIndex.set(index, draft);
  };
  const append = (index: number, text: string): void => {
    const draft = byIndex.get(index);
    if (draft !== undefined) draft.text += text;
  };

  const closeReasoning = (event: StreamEvent & { type: 'reasoning-end' }): void => {
    const draft = byIndex.get(event.index);
    if (draft === undefined) return;
    const { signature, redacted, id, issuer } = event;
    if (draft.text === '' && signature === undefined && redacted === undefined && id === undefined) return;
    draft.part = { type: 'reasoning', text: draft.text, ...present({ signature, redacted, id, issuer }) };
  };

  const push = (event: StreamEvent): void => {
    switch (event.type) {
      case 'response-start':
        Object.assign(head, present({ id: event.id, model: event.model, createdAt: event.createdAt }));
        return;
      case 'text-start':
        return open(event.index, event.refusal === true ? 'refusal' : 'text');
      case 'reasoning-start':
        return open(event.index, 'reasoning');
      case 'tool-call-start':
        return open(event.index, 'tool-call');
      case 'text-delta':
      case 'reasoning-delta':
        return append(event.index, event.text);
      case 'tool-call-delta':
      case 'text-end':
        return;
      case 'reasoning-end':
        return closeReasoning(event);
      case 'tool-call-end': {
        const draft = byIndex.get(event.index);
        const { id, name, signature, issuer } = event;
        if (draft !== undefined) {
          draft.part = { type: 'tool-call', id, name, arguments: event.arguments, ...present({ signature, issuer }) };
        }
        return;
      }
      case 'opaque':
        drafts.push({ kind: 'opaque', text: '', part: { type: 'opaque', wire: event.wire, value: event.value } });
        return;
      case 'warning':
        warnings.push({ code: event.code, message: event.message });
        return;
      case 'usage':
        usage = mergeUsage(usage, event.usage);
        return;
      case 'finish':
        if (event.usage !== undefined) usage = mergeUsage(usage, event.usage);
        end = event;
        return;
      default:
        return event satisfies never;
    }
  };

  const finish = (): ChatResponse => {
    if (end === undefined) {
      throw new ProviderError({ kind: 'truncated', message: 'The answer ended before it was complete.' });
    }
    const content = drafts.map(partOf).filter((part) => part !== undefined);
    let text = '';
    for (const part of content) if (part.type === 'text') text += part.text;
    const { reason, rawReason, stopSequence } = end;
    const rest = present({ rawFinishReason: rawReason, stopSequence, usage });
    return { ...head, content, text, finishReason: reason, ...rest, warnings };
  };
  return { push, finish };
}

/** Reads a stream to its end. Throws what the stream throws, and kind `truncated` when it ends without `finish`. */
export async function collect(stream: AsyncIterable<StreamEvent>): Promise<ChatResponse> {
  const collector = createCollector();
  for await (const event of stream) collector.push(event);
  return collector.finish();
}

/** Same fold over events that are already there. */
export function collectEvents(events: Iterable<StreamEvent>): ChatResponse {
  const collector = createCollector();
  for (const event of events) collector.push(event);
  return collector.finish();
}

function partOf(draft: Draft): Part | undefined {
  if (draft.part !== undefined) return draft.part;
  if (draft.text === '' || (draft.kind !== 'text' && draft.kind !== 'refusal')) return undefined;
  return { type: draft.kind, text: draft.text };
}

/** The fields that have a value: an absent field stays absent. */
function present<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}
