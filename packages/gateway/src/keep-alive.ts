import type { Clock } from '@standin/core/spec/index';
import { OpenList, type Listed } from './open-list.ts';

/** A stream that waits for its vendor. */
export interface KeptAlive extends Listed {
  /** Ticks since the last bytes went out; set to 0 at every write. */
  quietTicks: number;
  /** Sends something the caller's SDK ignores. */
  ping(): void;
}

export interface KeepAlive {
  add(stream: KeptAlive): void;
  remove(stream: KeptAlive): void;
  close(): void;
  /** Streams that are open. */
  readonly size: number;
}

const TICKS_PER_INTERVAL = 3;

/**
 * One coarse timer for all streams: proxies on the way cut a connection that says nothing (Cloudflare after 100 s),
 * and a timer per stream or per chunk would cost more than the chunk. No stream is silent longer than `intervalMs`.
 */
export function createKeepAlive(clock: Clock, intervalMs: number): KeepAlive {
  const streams = new OpenList<KeptAlive>();
  let timer: unknown;
  let closed = false;
  const tick = (): void => {
    timer = undefined;
    for (const stream of streams) {
      stream.quietTicks++;
      if (stream.quietTicks >= TICKS_PER_INTERVAL) stream.ping();
    }
    arm();
  };
  const arm = (): void => {
    if (timer !== undefined || streams.size === 0 || closed) return;
    timer = clock.after(intervalMs / TICKS_PER_INTERVAL, tick);
  };
  return {
    get size() {
      return streams.size;
    },
    add(stream) {
      streams.add(stream);
      arm();
    },
    remove: (stream) => streams.delete(stream),
    close() {
      closed = true;
      if (timer !== undefined) clock.clear(timer);
      timer = undefined;
    },
  };
}
