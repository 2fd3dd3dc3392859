import type { BlockBuilder } from '../stream/block-builder.ts';
import type { Quirks } from './quirks.ts';

const OPEN = '<think>';
const CLOSE = '</think>';

/** Where answer text goes, taken apart when the server leaves thinking inside it. */
export interface TextSink {
  text(piece: string): void;
  /** The text is over: what was held back as a possible tag is written out. */
  end(): void;
}

/**
 * Splits one leading `<think>…</think>` off the text. At most the length of a tag is held back, so that a tag cut over
 * two deltas never shows. With `think-open` the chat template has already written the opening tag.
 */
export function createTextSink(builder: BlockBuilder, mode: Quirks['inlineReasoning']): TextSink {
  if (mode === 'none') return { text: (piece) => builder.text(piece), end: () => {} };
  let place: 'before' | 'inside' | 'after-tag' | 'text' = 'before';
  let held = '';

  const step = (): boolean => {
    if (place === 'before') {
      const trimmed = held.trimStart();
      if (trimmed.startsWith(OPEN)) {
        held = trimmed.slice(OPEN.length);
        place = 'inside';
        return true;
      }
      if (OPEN.startsWith(trimmed)) return false;
      place = mode === 'think-open' ? 'inside' : 'text';
      return true;
    }
    if (place === 'inside') return stepInside();
    if (place === 'after-tag') {
      held = held.trimStart();
      if (held === '') return false;
      place = 'text';
    }
    builder.text(held);
    held = '';
    return false;
  };
  const stepInside = (): boolean => {
    const end = held.indexOf(CLOSE);
    if (end !== -1) {
      builder.reasoning(held.slice(0, end));
      builder.closeReasoning();
      held = held.slice(end + CLOSE.length);
      place = 'after-tag';
      return true;
    }
    const keep = tagStart(held);
    builder.reasoning(held.slice(0, held.length - keep));
    held = held.slice(held.length - keep);
    return false;
  };

  return {
    text(piece) {
      if (place === 'text') return builder.text(piece);
      held += piece;
      while (step());
    },
    end() {
      if (place === 'inside') builder.reasoning(held);
      else if (place !== 'after-tag' || held.trim() !== '') builder.text(held);
      held = '';
    },
  };
}

/** Length of the longest end of `text` that may be the beginning of the closing tag. */
function tagStart(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length -= 1) {
    if (CLOSE.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
