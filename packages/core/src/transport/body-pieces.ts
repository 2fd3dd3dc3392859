/** From here on a piece is kept as it came. */
const LARGE = 16 * 1024;
const FIRST_GATHERED = 512;
const MOST_GATHERED = 4 * LARGE;
const NOTHING = Buffer.alloc(0);

/**
 * The pieces of a body, as the other side sent them. Small ones are gathered: as an object of its own a piece of one
 * byte takes more than a hundred, so that a body of 32 MB could take gigabytes, and the collector would carry each piece along.
 * What is pushed must stay as it is.
 */
export class BodyPieces {
  readonly #isOwned: boolean;
  /** Bytes so far. */
  size = 0;
  /** A body that came in one piece, as most do, is not copied. */
  #only: Uint8Array | undefined;
  #pieces: Uint8Array[] | undefined;
  /** What small pieces are gathered in, as far as `#used`. */
  #gathered: Buffer | undefined;
  #used = 0;

  /**
   * `isOwned`: nobody else looks at what is pushed, so the memory of large pieces is given back as soon as they are
   * joined or dropped; hundreds of megabytes that wait for the collector make it stop everybody. Default false.
   */
  constructor(isOwned = false) {
    this.#isOwned = isOwned;
  }

  push(piece: Uint8Array): void {
    if (piece.byteLength === 0) return;
    this.size += piece.byteLength;
    if (this.size === piece.byteLength) {
      this.#only = piece;
      return;
    }
    if (this.#only !== undefined) this.#add(this.#only);
    this.#only = undefined;
    this.#add(piece);
  }

  /** All of them as one; nothing may be pushed any more. */
  whole(): Buffer {
    if (this.#only !== undefined) return asBuffer(this.#only);
    this.#close();
    const pieces = this.#pieces ?? [];
    const [first = NOTHING] = pieces;
    if (pieces.length <= 1) return asBuffer(first);
    const whole = Buffer.concat(pieces, this.size);
    this.drop();
    return whole;
  }

  /** Nobody wants them. */
  drop(): void {
    if (this.#isOwned) for (const piece of this.#pieces ?? []) letGo(piece);
    this.#pieces = undefined;
    this.#gathered = undefined;
    this.#only = undefined;
  }

  #add(piece: Uint8Array): void {
    if (piece.byteLength >= LARGE) {
      this.#close();
      (this.#pieces ??= []).push(piece);
      return;
    }
    let rest = piece;
    while (rest.byteLength > 0) {
      const into = this.#room();
      const part = rest.subarray(0, into.length - this.#used);
      into.set(part, this.#used);
      this.#used += part.byteLength;
      rest = rest.subarray(part.byteLength);
    }
  }

  /** Twice the last one when that is full: few objects for a long body, little room unused in a short one. */
  #room(): Buffer {
    const last = this.#gathered;
    if (last !== undefined && this.#used < last.length) return last;
    const next = Buffer.allocUnsafeSlow(Math.min(MOST_GATHERED, last === undefined ? FIRST_GATHERED : last.length * 2));
    this.#close();
    this.#gathered = next;
    return next;
  }

  #close(): void {
    const gathered = this.#gathered;
    if (gathered !== undefined && this.#used > 0) (this.#pieces ??= []).push(gathered.subarray(0, this.#used));
    this.#gathered = undefined;
    this.#used = 0;
  }
}

/** Gives back a large piece's memory, when it has memory of its own. Nobody may look at it any more. */
export function letGo({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= LARGE && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
