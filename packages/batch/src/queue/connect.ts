import { expand, type Environment } from '@standin/core/config/expand';
import { Redis } from 'ioredis';
import { BatchInputError } from '../types.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const LONGEST_RECONNECT_WAIT_MS = 1_000;
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ['redis:', 'redis:'],
  ['rediss:', 'rediss:'],
  ['valkey:', 'redis:'],
  ['valkeys:', 'rediss:'],
]);

/** Where the queue is. */
export interface QueueAddress {
  /** With its password: never shown. */
  readonly url: string;
  /** Without user, password and query. */
  readonly shown: string;
}

/**
 * Reads `redis://…` or `rediss://…` (`${NAME}` is taken from the environment, so that a password stays out of the list of
 * processes). Throws `BatchInputError`, which never shows the address as it was given.
 */
export function queueAddress(text: string, env: Environment): QueueAddress {
  const { value, missing, malformed } = expand(text, env);
  if (malformed) throw new BatchInputError('--queue has a "${" that is no reference such as ${REDIS_URL}.');
  if (missing.length > 0) throw new BatchInputError(`--queue needs ${missing.join(', ')}, which is not set.`);
  let url: URL;
  try {
    url = new URL(value.trim());
  } catch {
    throw new BatchInputError('--queue must be an address such as redis://HOST:6379 or rediss://USER:PASSWORD@HOST/0.');
  }
  const scheme = SCHEMES.get(url.protocol);
  if (scheme === undefined)
    throw new BatchInputError(`--queue must begin with redis:// or rediss://, not ${url.protocol}//.`);
  if (!/^(\/\d*)?$/.test(url.pathname))
    throw new BatchInputError(`--queue names a database by its number, such as redis://${url.host}/0.`);
  const database = /^\/\d+$/.test(url.pathname) ? url.pathname : '';
  return {
    url: `${scheme}${value.trim().slice(url.protocol.length)}`,
    shown: `${scheme}//${url.host || 'localhost'}${database}`,
  };
}

/** What is told while a server that answered before does not. */
export interface OutageListener {
  away(reason: string): void;
  back(): void;
}

/**
 * Connects, or throws `BatchInputError`: what does not answer at the start is a mistake. From then on an outage is waited
 * out: commands are sent again when the server is back.
 */
export async function connectQueue(address: QueueAddress, outage: OutageListener): Promise<Redis> {
  await probe(address);
  const redis = new Redis(address.url, {
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: null,
    retryStrategy: (tries) => Math.min(LONGEST_RECONNECT_WAIT_MS, 50 * 2 ** Math.min(tries, 10)),
  });
  let isAway = false;
  const away = (reason: string): void => {
    if (isAway) return;
    isAway = true;
    outage.away(reason);
  };
  redis.on('error', (error) => away(reasonOf(error)));
  redis.on('reconnecting', () => away('the connection was lost'));
  redis.on('ready', () => {
    if (isAway) outage.back();
    isAway = false;
  });
  return redis;
}

async function probe({ url, shown }: QueueAddress): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let last: unknown;
  redis.on('error', (error) => (last = error));
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    const reason = reasonOf(last ?? error);
    const advice = /NOAUTH|WRONGPASS|NOPERM|invalid password/i.test(reason)
      ? 'Give user and password in the address: redis://USER:PASSWORD@HOST.'
      : 'Start a Redis there (5 or newer; Valkey works too), or give the address of one with --queue.';
    throw new BatchInputError(`The queue ${shown} does not answer: ${reason}. ${advice}`);
  } finally {
    redis.disconnect();
  }
}

function reasonOf(error: unknown): string {
  const one = error instanceof AggregateError ? (error.errors[0] as unknown) : error;
  return (one instanceof Error ? one.message : String(one)).replace(/\.$/, '');
}
