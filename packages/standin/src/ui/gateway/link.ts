import type { Status } from '@standin/dashboard/api/types';
import { isLoopback, KEY_VARIABLE, openAccess, type Access } from './access.ts';
import { createGatewayClient, foreign, GatewayError, type GatewayClient } from './client.ts';
import { createFeed, type Feed } from './feed.ts';

const AGAIN_MS = 1_000;
const LOOK_EVERY_MS = 5_000;

/** How it stands with the gateway. `why` and `next` are for people: what is so, and what to do. */
export type LinkState =
  | { readonly kind: 'looking' }
  | { readonly kind: 'away'; readonly why: string; readonly next: readonly string[] }
  | { readonly kind: 'live'; readonly status: Status };

export interface Link {
  readonly base: URL;
  readonly state: LinkState;
  readonly feed: Feed;
  /** Throws `GatewayError`. */
  readonly client: GatewayClient;
  close(): void;
}

export interface LinkOptions {
  readonly base: URL;
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onChange: () => void;
}

/** Finds the gateway, follows it, and finds it again after it was away. */
export function openLink({ base, home, env, onChange }: LinkOptions): Link {
  let state: LinkState = { kind: 'looking' };
  let access: Access | undefined;
  let stream: { close(): void } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  const feed = createFeed();
  const client = createGatewayClient(base, () => access?.credentials() ?? {});

  const show = (next: LinkState): void => {
    if (isClosed) return;
    state = next;
    onChange();
  };
  const later = (run: () => Promise<void>, afterMs: number): void => {
    clearTimeout(timer);
    if (!isClosed) timer = setTimeout(() => void run(), afterMs);
  };
  const away = (error: unknown): void => {
    stream?.close();
    stream = undefined;
    show(awayOf(error, base));
    later(connect, AGAIN_MS);
  };
  /** The answer of a stranger must not learn a session: one is begun only after the gateway said what it is. */
  const connect = async (): Promise<void> => {
    try {
      if (access === undefined) {
        const { status } = await client.ask<{ status?: unknown }>('/health/live');
        if (status !== 'live') throw foreign(base);
        access = await openAccess(base, home, env);
        if (isClosed) return access?.close();
      }
      const status = await client.ask<Status>('/api/status');
      if (isClosed) return;
      stream = client.follow(
        '/api/live',
        (name, data) => {
          feed.take(name, data);
          if (state.kind === 'live') onChange();
          else show({ kind: 'live', status });
        },
        away,
      );
      later(look, LOOK_EVERY_MS);
    } catch (error) {
      away(error);
    }
  };
  const look = async (): Promise<void> => {
    try {
      const status = await client.ask<Status>('/api/status');
      if (stream === undefined) return;
      if (state.kind === 'live') show({ kind: 'live', status });
      later(look, LOOK_EVERY_MS);
    } catch (error) {
      if (stream !== undefined) away(error);
    }
  };
  void connect();
  return {
    base,
    client,
    feed,
    get state() {
      return state;
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      stream?.close();
      access?.close();
    },
  };
}

function awayOf(error: unknown, base: URL): LinkState {
  if (!(error instanceof GatewayError))
    return { kind: 'away', why: `No session could be begun: ${(error as Error).message}`, next: ADMIN_KEY };
  switch (error.code) {
    case 'unreachable': {
      const port = base.port === '' || base.port === '8787' ? '' : ` --port ${base.port}`;
      return {
        kind: 'away',
        why: `The gateway is not running (${error.message}).`,
        next: [
          ...(isLoopback(base.hostname) ? ['Start it in another terminal:', `  standin serve${port}`] : []),
          'It runs elsewhere? Name its address:',
          '  standin ui --url http://127.0.0.1:PORT',
        ],
      };
    }
    case 'foreign':
      return {
        kind: 'away',
        why: error.message,
        next: ['Name the address:', '  standin ui --url http://127.0.0.1:PORT'],
      };
    case 'session_required':
      return {
        kind: 'away',
        why: `The gateway at ${base.origin} runs with another home, or on another machine, and does not know this terminal.`,
        next: ['Give this the same $STANDIN_HOME, or', ...ADMIN_KEY],
      };
    default:
      return { kind: 'away', why: error.message, next: error.status === 403 ? ADMIN_KEY : [] };
  }
}

const ADMIN_KEY = [
  'make an admin key where the gateway runs:',
  '  standin keys create --name terminal --admin',
  `and give it to this command in ${KEY_VARIABLE} (the gateway then asks every caller for a key).`,
];
