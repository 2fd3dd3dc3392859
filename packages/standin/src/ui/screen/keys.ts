import { emitKeypressEvents } from 'node:readline';
import type { Readable } from 'node:stream';

/** One key, or a text that was pasted. */
export interface Key {
  /** `up`, `enter`, `escape`, `tab`, `ctrl-c`, …; for a sign that is typed the sign itself; `paste`. */
  readonly name: string;
  /** What is to be written; absent for keys that write nothing. */
  readonly text?: string;
}

/** How long an ESC may be the begin of a longer sequence; a slow line still has those together. */
const ESCAPE_MS = 40;
const MOST_PASTED = 100_000;

interface RawKey {
  readonly name?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly shift?: boolean;
  readonly sequence?: string;
}

const NAMES: Readonly<Record<string, string>> = { return: 'enter', pageup: 'page-up', pagedown: 'page-down' };

/** Tells of every key until the returned function is called. */
export function listenToKeys(input: Readable, onKey: (key: Key) => void): () => void {
  emitKeypressEvents(input, { escapeCodeTimeout: ESCAPE_MS } as unknown as Parameters<typeof emitKeypressEvents>[1]);
  let pasted: string | undefined;
  const listen = (sign: string | undefined, raw: RawKey): void => {
    if (raw.name === 'paste-start') pasted = '';
    else if (raw.name === 'paste-end') {
      const text = pasted ?? '';
      pasted = undefined;
      if (text !== '') onKey({ name: 'paste', text });
    } else if (pasted !== undefined) pasted = (pasted + (sign ?? '')).slice(0, MOST_PASTED);
    else {
      // Nothing here is bound to Alt: an Escape and a quick key after it look the same.
      if (raw.meta === true && (raw.name === 'escape' || raw.sequence?.length === 2)) onKey({ name: 'escape' });
      onKey(keyOf(sign, raw));
    }
  };
  input.on('keypress', listen);
  return () => void input.off('keypress', listen);
}

function keyOf(sign: string | undefined, { name = '', ctrl, meta, shift, sequence = '' }: RawKey): Key {
  if (ctrl === true) return { name: `ctrl-${name}` };
  if (name === 'tab') return { name: shift === true ? 'shift-tab' : 'tab' };
  const text = meta === true ? sequence.slice(1) : (sign ?? sequence);
  const isTyped = text !== '' && [...text].length === 1 && !/^[\p{Cc}]/u.test(text);
  if (isTyped) return { name: text, text };
  return { name: NAMES[name] ?? name };
}
