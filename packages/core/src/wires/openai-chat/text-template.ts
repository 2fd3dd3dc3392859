import { isJsonObject, type JsonObject } from '../../spec/json.ts';

/** The one piece of text or thinking that a stream's object holds. */
export interface OnlyPiece {
  readonly kind: 'text' | 'reasoning';
  readonly piece: string;
}

/** Objects that are learned of one answer; a vendor whose objects differ elsewhere too is read in full. */
const MOST_LEARNED = 4;
const MOST_PIECE = 256;
/** The engine makes a longer slice a window on the text it is of, which then stays in memory. */
const COPIED = 12;
const PROBE = 'probe';

/**
 * The objects of a text stream differ in one string only, so one whose beginning and end are those of the last is not
 * parsed again: what stands between them is its piece. Learned from an object that was read in full and held nothing else.
 */
export class TextTemplate {
  #kind: OnlyPiece['kind'] = 'text';
  #before = '';
  #after = '';
  #learned = 0;

  get kind(): OnlyPiece['kind'] {
    return this.#kind;
  }

  /** It would still learn from another object. */
  get learns(): boolean {
    return this.#learned < MOST_LEARNED;
  }

  /** The piece, when this is the same object but for it; else `undefined`. */
  pieceOf(data: string): string | undefined {
    const start = this.#before.length;
    if (start === 0) return undefined;
    const end = data.length - this.#after.length;
    const length = end - start;
    // Slices are compared as blocks; `startsWith` goes letter by letter, at three times the cost.
    if (length < 1 || length > MOST_PIECE || data.slice(0, start) !== this.#before || data.slice(end) !== this.#after)
      return undefined;
    for (let at = start; at < end; at++) {
      const code = data.charCodeAt(at);
      // An escape, the end of the string, or what JSON does not allow in it.
      if (code === 0x5c || code === 0x22 || code < 0x20) return undefined;
    }
    return length <= COPIED ? data.slice(start, end) : `${data.slice(start, end)} `.slice(0, -1);
  }

  /** `only`: what the reader found in the object that `data` is. */
  learn(data: string, { kind, piece }: OnlyPiece): void {
    this.#learned++;
    const quoted = JSON.stringify(piece);
    const at = data.indexOf(quoted);
    if (at < 0 || data.includes(quoted, at + 1)) return;
    const before = data.slice(0, at + 1);
    const after = data.slice(at + quoted.length - 1);
    // The piece may be written otherwise, and stand where it was found for another reason.
    const probed = onlyPieceOf(JSON.parse(before + PROBE + after));
    if (probed?.kind !== kind || probed.piece !== PROBE) return;
    this.#kind = kind;
    this.#before = before;
    this.#after = after;
  }
}

const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'reasoning_text', 'thinking'] as const;

/** What the object holds, when it is one piece in the first choice's delta and nothing that is read beside it. */
export function onlyPieceOf(chunk: unknown): OnlyPiece | undefined {
  if (!isJsonObject(chunk) || !Array.isArray(chunk['choices']) || chunk['choices'].length !== 1) return undefined;
  const [choice] = chunk['choices'] as unknown[];
  if (!isJsonObject(choice) || !isJsonObject(choice['delta'])) return undefined;
  const delta: JsonObject = choice['delta'];
  if (delta['reasoning_details'] !== undefined || typeof choice['stop_reason'] === 'string') return undefined;
  const { content } = delta;
  let found: OnlyPiece | undefined;
  if (typeof content === 'string') {
    if (content !== '') found = { kind: 'text', piece: content };
  } else if (content !== undefined && content !== null) return undefined;
  for (const field of REASONING_FIELDS) {
    const piece = delta[field];
    if (piece === undefined || piece === null || piece === '') continue;
    if (typeof piece !== 'string' || found !== undefined) return undefined;
    found = { kind: 'reasoning', piece };
  }
  return found;
}
