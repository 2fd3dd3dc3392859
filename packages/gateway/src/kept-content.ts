import type { RunSink } from '@standin/core/route/run-types';
import type { StreamEvent } from '@standin/core/spec/event';
import type { EntryContent } from '@standin/store/entry';

/** Keeps what one call said and was answered, for the ledger: only where that was switched on. */
export interface KeptContent {
  /** The same sink, read along. */
  watching(sink: RunSink): RunSink;
  content(): EntryContent;
}

/** `body`: as the caller sent it. `mostBytes`: of each. */
export function keepContent(body: Buffer, mostBytes: number): KeptContent {
  const request = cut(body, mostBytes);
  let answer = '';
  let isFull = false;
  const add = (events: readonly StreamEvent[]): void => {
    for (const event of events) {
      if (event.type !== 'text-delta' || isFull) continue;
      answer += event.text;
      // Bytes are never fewer than these; the exact cut is made once, at the end.
      if (answer.length > mostBytes) isFull = true;
    }
  };
  return {
    watching: (sink) => ({
      onAnswering: (answering) => sink.onAnswering?.(answering),
      onCommit: (answering) => sink.onCommit?.(answering),
      onRescue: (rescue) => sink.onRescue?.(rescue),
      onEvents(events, frames) {
        add(events);
        sink.onEvents(events, frames);
      },
      onDone: (result) => sink.onDone(result),
      onError: (error, attempts) => sink.onError(error, attempts),
    }),
    content() {
      const bytes = Buffer.from(answer);
      return {
        request: request.text,
        requestTruncated: request.isCut,
        answer: cut(bytes, mostBytes).text,
        answerTruncated: isFull || bytes.length > mostBytes,
      };
    },
  };
}

/** Cut at a character, not inside one. */
function cut(bytes: Buffer, most: number): { readonly text: string; readonly isCut: boolean } {
  if (bytes.length <= most) return { text: bytes.toString('utf8'), isCut: false };
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return { text: bytes.toString('utf8', 0, end), isCut: true };
}
