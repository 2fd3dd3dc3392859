const LF = 10;
const CR = 13;

/**
 * Cuts a vendor's event stream at event ends, so that whole events can be relayed as they came and a partial one never
 * reaches a caller whose answer may have to be mended.
 */
export interface FrameCutter {
  /** The whole events that this piece completes, with what was kept of earlier pieces; nothing when none ends here. */
  take(piece: Uint8Array): Uint8Array | undefined;
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
  };
}

/** Where the last blank line ends, looking no further back than `from`; 0 when there is none. */
function lastEventEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.lastIndexOf(LF); at >= Math.max(1, from); at = bytes.lastIndexOf(LF, at - 1)) {
    const before = bytes[at - 1] === CR ? at - 2 : at - 1;
    if (before >= 0 && bytes[before] === LF) return at + 1;
    if (at === 0) break;
  }
  return 0;
}
