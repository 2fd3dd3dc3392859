import { createSseDecoder } from '../framing/sse.ts';

const LF = 10;
const CR = 13;

/**
 * Cuts a vendor's event stream at event ends, so that whole events can be relayed as they came and a partial one never
 * reaches a caller whose answer may have to be mended.
 */
export interface FrameCutter {
  /** The whole events that this piece completes, with what was kept of earlier pieces; nothing when none ends here. */
  take(piece: Uint8Array): Uint8Array | undefined;
  /** The body ended: whether what is kept is a whole event that only misses its blank line. */
  readonly owesBlankLine: boolean;
}

export function createFrameCutter(): FrameCutter {
  let rest: Buffer | undefined;
  return {
    take(piece) {
      const own = Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      const all = rest === undefined ? own : Buffer.concat([rest, own]);
      const end = lastEventEnd(all, rest === undefined ? 0 : Math.max(0, rest.length - 3));
      rest = end === all.length ? undefined : all.subarray(end);
      return end === 0 ? undefined : end === all.length ? all : all.subarray(0, end);
    },
    get owesBlankLine() {
      if (rest === undefined) return false;
      let whole = false;
      const sse = createSseDecoder();
      const found = (): void => {
        whole = true;
      };
      sse.push(rest, found);
      sse.end(found);
      return whole;
    },
  };
}

/**
 * Where the last blank line ends, looking no further back than `from`; 0 when there is none. Lines end as in the
 * decoder: LF, CRLF or CR, and a CR ends its line before it is known whether an LF follows. Both must see an event's end
 * at the same byte, else an event would be told twice: once by its meaning and once by its bytes.
 */
function lastEventEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.length - 1; at >= Math.max(1, from); at--) {
    const byte = bytes[at];
    if (byte !== LF && byte !== CR) continue;
    const before = byte === LF && bytes[at - 1] === CR ? at - 2 : at - 1;
    if (before >= 0 && (bytes[before] === LF || bytes[before] === CR)) return at + 1;
  }
  return 0;
}
