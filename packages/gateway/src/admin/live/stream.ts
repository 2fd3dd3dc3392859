import type { ServerResponse } from 'node:http';
import type { Clock } from '@standin/core/spec/clock';
import type { LivePicture } from './hub.ts';
import { INTERVAL_MS } from './hub.ts';

/** What waits for a slow reader; beyond, it is told nothing until it has caught up. */
const MOST_WAITING_BYTES = 512 * 1024;
/** A reader who has not caught up by then is let go. */
const PATIENCE_TICKS = 240;
const QUIET_TICKS = 60;
const CHECK_TICKS = 8;
export const MOST_LISTENERS = 100;

interface Listener {
  readonly res: ServerResponse;
  /** Its session is still good. */
  readonly isAllowed: () => boolean;
  behindTicks: number;
}

/** Everybody who looks. */
export interface LiveStream {
  /** False: there are too many. The head of the answer has been written. */
  add(res: ServerResponse, isAllowed: () => boolean): boolean;
  readonly isFull: boolean;
  close(): void;
}

/** One picture, one serialisation, however many look; no timer while nobody does. */
export function createLiveStream(picture: LivePicture, clock: Clock): LiveStream {
  const listeners = new Set<Listener>();
  let timer: unknown;
  let ticks = 0;
  let quiet = 0;
  const remove = (listener: Listener): void => {
    if (!listeners.delete(listener)) return;
    listener.res.end();
    if (listeners.size > 0) return;
    if (timer !== undefined) clock.clear(timer);
    timer = undefined;
    picture.stop();
  };
  const tick = (): void => {
    timer = clock.after(INTERVAL_MS, tick);
    ticks++;
    if (ticks % CHECK_TICKS === 0) for (const one of listeners) if (!one.isAllowed()) remove(one);
    if (listeners.size === 0) return;
    const news = picture.delta();
    const delta = news === undefined ? undefined : eventOf('delta', news.data);
    let snapshot: Buffer | undefined;
    const whole = (): Buffer => (snapshot ??= eventOf('snapshot', picture.snapshot()));
    quiet = news === undefined ? quiet + 1 : 0;
    for (const one of listeners) {
      const { res } = one;
      if (one.behindTicks > 0) {
        if (res.writableLength === 0) {
          one.behindTicks = 0;
          res.write(whole());
        } else if (++one.behindTicks > PATIENCE_TICKS) {
          remove(one);
          res.destroy();
        }
      } else if (res.writableLength > MOST_WAITING_BYTES) one.behindTicks = 1;
      else if (delta !== undefined) res.write(news?.isNew === true ? whole() : delta);
      else if (quiet % QUIET_TICKS === 0) res.write(COMMENT);
    }
  };
  return {
    get isFull() {
      return listeners.size >= MOST_LISTENERS;
    },
    add(res, isAllowed) {
      if (listeners.size >= MOST_LISTENERS) return false;
      const listener: Listener = { res, isAllowed, behindTicks: 0 };
      if (listeners.size === 0) {
        picture.start();
        // The first delta tells what comes after this picture.
        picture.delta();
        timer = clock.after(INTERVAL_MS, tick);
      }
      listeners.add(listener);
      res.on('close', () => remove(listener));
      res.write(eventOf('snapshot', picture.snapshot()));
      return true;
    },
    close() {
      for (const one of listeners) remove(one);
    },
  };
}

const COMMENT = Buffer.from(': \n\n');

export function eventOf(name: string, data: unknown): Buffer {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
}
