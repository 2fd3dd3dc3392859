import { fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';

// A parent that opened a socket for our input and never uses it (child_process does so by default) must not hang us.
export const SOCKET_GRACE_MS = 500;
const NOTICE_AFTER_MS = 3_000;

export type InputKind = 'terminal' | 'none' | 'stream' | 'perhaps';

/** What stands behind standard input: `perhaps` is a socket whose owner may never write. */
export function inputKind(input: Readable & { isTTY?: boolean; fd?: number }): InputKind {
  if (input.isTTY === true) return 'terminal';
  if (input.fd === undefined) return 'stream';
  try {
    const stat = fstatSync(input.fd);
    if (stat.isSocket()) return 'perhaps';
    return stat.isCharacterDevice() ? 'none' : 'stream';
  } catch {
    return 'none';
  }
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Called once when nothing has come for a while, so that a waiting user knows why. */
  readonly onWaiting?: () => void;
  /** Give up when the first byte is not there by then; absent: wait for the end of the input. */
  readonly graceMs?: number;
}

/** Everything up to the end of the input, as text. Invalid UTF-8 becomes U+FFFD, a byte order mark is dropped. */
export async function readAll(input: Readable, options: ReadOptions): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  return new Promise((resolve, reject) => {
    const finish = (): void => {
      clearTimeout(grace);
      clearTimeout(notice);
      options.signal.removeEventListener('abort', finish);
      input.pause();
      resolve(text + decoder.decode());
    };
    const grace = options.graceMs === undefined ? undefined : setTimeout(finish, options.graceMs);
    const notice = setTimeout(() => options.onWaiting?.(), NOTICE_AFTER_MS);
    options.signal.addEventListener('abort', finish);
    input.on('data', (chunk: Buffer) => {
      clearTimeout(grace);
      clearTimeout(notice);
      text += decoder.decode(chunk, { stream: true });
    });
    input.once('end', finish);
    input.once('error', reject);
  });
}
