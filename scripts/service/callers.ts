import { request as httpRequest, type Agent, type IncomingMessage } from 'node:http';
import { sleep } from './gateway-process.ts';

/** How one call ended, seen from its caller. */
export interface Seen {
  readonly status: number;
  /** `whole`: a complete answer. `error`: a complete error of the protocol. `broken`: the connection broke. `left`: the caller broke it. `truncated`: an end that looks like a success and is none. */
  readonly how: 'whole' | 'error' | 'broken' | 'left' | 'truncated';
  readonly tookMs: number;
  readonly text: string;
}

export interface CallOptions {
  readonly url: string;
  readonly path: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  /** Leaves after so many milliseconds. */
  readonly leaveAfterMs?: number;
  /** Waits so long after each piece it reads. */
  readonly slowMs?: number;
}

/**
 * One call by a caller that knows when an answer of its protocol is complete. Like the SDKs it calls again when an idle
 * connection closed in the same moment.
 */
export async function call(options: CallOptions): Promise<Seen> {
  const seen = await once(options);
  return seen === 'stale' ? again(await once({ ...options, agent: undefined })) : seen;
}

const again = (seen: Seen | 'stale'): Seen =>
  seen === 'stale' ? { status: 0, how: 'broken', tookMs: 0, text: '' } : seen;

async function once(options: CallOptions): Promise<Seen | 'stale'> {
  const { url, path, body, headers, agent, leaveAfterMs, slowMs = 0 } = options;
  const began = performance.now();
  const text = JSON.stringify(body);
  let status = 0;
  let answer = '';
  let left = false;
  let isReused = false;
  const seen = (how: Seen['how']): Seen => ({ status, how, tookMs: performance.now() - began, text: answer });
  try {
    const req = httpRequest(url + path, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
    });
    const timer =
      leaveAfterMs === undefined
        ? undefined
        : setTimeout(() => {
            left = true;
            req.destroy();
          }, leaveAfterMs);
    try {
      const res = await new Promise<IncomingMessage>((resolve, reject) => {
        req.once('response', resolve);
        req.on('error', (error) => {
          isReused = req.reusedSocket;
          reject(error);
        });
        req.end(text);
      });
      status = res.statusCode ?? 0;
      for await (const piece of res) {
        answer += String(piece);
        if (slowMs > 0) await sleep(slowMs);
      }
      if (!res.complete) return seen(left ? 'left' : 'broken');
    } finally {
      clearTimeout(timer);
    }
  } catch {
    return status === 0 && isReused && !left ? 'stale' : seen(left ? 'left' : 'broken');
  }
  return seen(judge(path, 'stream' in body && body.stream === true, status, answer));
}

/** What a complete HTTP body says. */
function judge(path: string, isStream: boolean, status: number, answer: string): Seen['how'] {
  if (!isStream || status !== 200) {
    try {
      JSON.parse(answer);
    } catch {
      return 'truncated';
    }
    return status === 200 ? 'whole' : 'error';
  }
  if (/^(?:event: error|data: \{"error")/m.test(answer) || answer.includes('"type":"error"')) return 'error';
  const end = path.startsWith('/v1/messages') ? 'event: message_stop' : 'data: [DONE]';
  return answer.includes(end) ? 'whole' : 'truncated';
}
