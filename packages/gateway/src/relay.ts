import type { Frames } from '@standin/core/route/run-types';
import type { StreamEvent } from '@standin/core/spec/index';
import type { DecodedRequest } from '@standin/core/wires/wire';
import type { AnyWireServer } from './call.ts';

/** What went to the caller as the vendor's own bytes. */
export interface Relay {
  /** These bytes suit this caller, and nothing before them had to be rewritten. */
  accepts(frames: Frames): boolean;
  passed(events: readonly StreamEvent[], frames: Frames): void;
  /** The shape of what was passed: enough for an encoder to go on from there. */
  readonly structure: readonly StreamEvent[];
  /** The newest of what was passed: whole events. */
  readonly last: Uint8Array | undefined;
  /** The finish reason was among it. */
  readonly complete: boolean;
  /** The end marker was. */
  readonly ended: boolean;
}

export function createRelay(wire: AnyWireServer, decoded: DecodedRequest): Relay {
  const structure: StreamEvent[] = [];
  /** Blocks of which one delta is kept: an encoder may open a block only when something is in it. */
  const filled = new Set<number>();
  let last: Uint8Array | undefined;
  let complete = false;
  let ended = false;
  let rewritten = false;
  let begun = false;
  return {
    structure,
    get last() {
      return last;
    },
    get complete() {
      return complete;
    },
    get ended() {
      return ended;
    },
    accepts(frames) {
      if (rewritten) return false;
      // The first bytes reach us once there is content, so whatever must stand before it is among them.
      if (!begun && wire.opening !== undefined && !opens(frames.bytes, wire.opening)) rewritten = true;
      begun = true;
      if (rewritten) return false;
      if (frames.plain) return true;
      const place = complete ? 'after-finish' : 'before-finish';
      const suits = frames.bytes.every((bytes) => wire.relayable?.(bytes, decoded, place) ?? true);
      // From the first rewritten event on the encoder writes: two hands in one stream would not agree.
      if (!suits) rewritten = true;
      return suits;
    },
    passed(events, frames) {
      last = frames.bytes.at(-1) ?? last;
      complete ||= frames.complete;
      ended ||= frames.ended;
      for (const event of events) {
        if (event.type === 'text-delta' || event.type === 'reasoning-delta' || event.type === 'tool-call-delta') {
          if (filled.has(event.index) && wire.closingRepeatsText !== true) continue;
          filled.add(event.index);
        }
        structure.push(event);
      }
    },
  };
}

function opens(pieces: readonly Uint8Array[], opening: string): boolean {
  return pieces.some((bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(opening));
}
