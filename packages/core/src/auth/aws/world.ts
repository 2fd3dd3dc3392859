import { ProviderError } from '../../spec/errors.ts';
import type { JsonObject } from '../../spec/json.ts';
import { isJsonObject } from '../../spec/json.ts';
import { Secret } from '../../spec/secret.ts';
import type { AwsCredentials } from './sigv4.ts';

export interface AwsHttpCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds for the whole call. */
  readonly timeoutMs: number;
  /** Never through a proxy: the machine's own metadata. */
  readonly direct?: boolean;
}

/** Rejects when there is no answer in time. */
export type AwsHttp = (call: AwsHttpCall) => Promise<{ readonly status: number; readonly text: string }>;

/** Everything outside that credentials are looked for in; injected, so that tests play it. */
export interface AwsWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `undefined`: no such file, or not for us to read. */
  readText(path: string): string | undefined;
  /** Standard output of a shell command; rejects when it fails. */
  run(command: string): Promise<string>;
  readonly http: AwsHttp;
  /** Unix milliseconds. */
  nowMs(): number;
}

/** Credentials and where they were found, for people. */
export interface AwsIdentity {
  readonly credentials: AwsCredentials;
  readonly source: string;
}

/** Says why a place had none, and returns nothing; throws when a place that is set up does not work. */
export type AwsSource = (world: AwsWorld, tried: string[]) => Promise<AwsIdentity | undefined>;

export function variable(world: Pick<AwsWorld, 'env'>, name: string): string | undefined {
  const value = world.env[name]?.trim();
  return value === undefined || value === '' ? undefined : value;
}

/** A place that is set up and does not work: the user means it, so nothing else is tried. */
export function sourceError(message: string, next: string): ProviderError {
  return new ProviderError({ kind: 'auth', rule: 'aws-credentials', message: `AWS credentials: ${message}; ${next}.` });
}

/** Reads the fields of one credential set under the names that the place gives them. `undefined` when one is missing. */
export function readCredentials(
  from: JsonObject,
  names: { readonly id: string; readonly secret: string; readonly token: string; readonly expires: string },
): AwsCredentials | undefined {
  const { [names.id]: id, [names.secret]: secret, [names.token]: token, [names.expires]: expires } = from;
  if (typeof id !== 'string' || typeof secret !== 'string' || id === '' || secret === '') return undefined;
  const at = typeof expires === 'string' ? Date.parse(expires) : typeof expires === 'number' ? expires : undefined;
  return {
    accessKeyId: id,
    secretAccessKey: new Secret(secret),
    ...(typeof token === 'string' && token !== '' ? { sessionToken: new Secret(token) } : {}),
    ...(at === undefined || Number.isNaN(at) ? {} : { expiresMs: at }),
  };
}

export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What may be said of a failed call: its code, never its words. */
export function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  if (typeof code === 'string' || typeof code === 'number') return String(code);
  return typeof name === 'string' ? name : 'unknown reason';
}
