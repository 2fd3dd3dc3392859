import { get } from 'node:http';
import { isJsonObject } from '@standin/core/spec/json';
import type { VendorRow } from '@standin/core/vendors/row';

/** A model server found on this machine. */
export interface LocalServer {
  readonly slot: string;
  readonly name: string;
  /** Base URL with its version, on 127.0.0.1. */
  readonly uri: string;
  readonly models: readonly string[];
  /** The protocol to ask for, when the server lacks the slot's usual one. */
  readonly wireApi?: 'ollama';
}

// A server on this machine answers in a few milliseconds; a port that swallows packets must not hold the start up.
const PROBE_MS = 300;
const LIST_LIMIT_BYTES = 4 * 1024 * 1024;

/** The ids of a model list, or `undefined` when the body is something else. */
export function modelIdsOf(body: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const data: unknown = isJsonObject(value) ? value['data'] : undefined;
  if (!Array.isArray(data)) return undefined;
  const ids = data.map((item: unknown) => (isJsonObject(item) ? item['id'] : undefined));
  return ids.every((id) => typeof id === 'string') ? ids : undefined;
}

/** The model names of Ollama's own list (`/api/tags`), or `undefined` when the body is something else. */
function taggedModels(body: string): readonly string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const list: unknown = isJsonObject(value) ? value['models'] : undefined;
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((item: unknown) => {
    const name = isJsonObject(item) ? (item['name'] ?? item['model']) : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}

/** Models that turn text into numbers, sound or pictures cannot hold a conversation. */
export const looksLikeChat = (id: string): boolean => !/embed|rerank|whisper|tts|clip|bge-|stable-diffusion/i.test(id);

function fetchText(url: string, limitMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, signal: AbortSignal.timeout(limitMs) }, (response) => {
      if (response.statusCode !== 200) {
        request.destroy();
        return resolve(undefined);
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if ((bytes += chunk.length) > LIST_LIMIT_BYTES) request.destroy();
      });
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      response.on('error', () => resolve(undefined));
    });
    request.on('error', () => resolve(undefined));
    request.on('close', () => resolve(undefined));
  });
}

const LOCAL_HOST = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?\//;

/** The usual loopback addresses of the catalog's local servers; two slots on one port count once. */
export function localCandidates(rows: readonly VendorRow[]): Omit<LocalServer, 'models'>[] {
  const seen = new Set<string>();
  return rows.flatMap((row) => {
    const url = Object.values(row.endpoints)[0] ?? '';
    if (row.keyRequired || !LOCAL_HOST.test(url)) return [];
    const uri = url.replace('//localhost', '//127.0.0.1');
    if (seen.has(uri)) return [];
    seen.add(uri);
    return [{ slot: row.id, name: row.name, uri }];
  });
}

/** Servers that answer with a model list that holds a chat model, in the order of the candidates. */
export async function findLocalServers(
  candidates: readonly Omit<LocalServer, 'models'>[],
  limitMs: number = PROBE_MS,
): Promise<LocalServer[]> {
  const found = await Promise.all(
    candidates.map(async (candidate) => {
      const body = await fetchText(`${candidate.uri}/models`, limitMs);
      const models = (body === undefined ? undefined : modelIdsOf(body))?.filter(looksLikeChat) ?? [];
      if (models.length > 0) return { ...candidate, models };
      return candidate.slot === 'ollama' && body === undefined ? nativeOllama(candidate, limitMs) : undefined;
    }),
  );
  return found.filter((server) => server !== undefined);
}

/** Ollama before 0.1.24, or behind a proxy that passes only its own protocol, has no `/v1` (its release notes, 2024-02). */
async function nativeOllama(candidate: Omit<LocalServer, 'models'>, limitMs: number): Promise<LocalServer | undefined> {
  const uri = new URL(candidate.uri).origin;
  const body = await fetchText(`${uri}/api/tags`, limitMs);
  const models = (body === undefined ? undefined : taggedModels(body))?.filter(looksLikeChat) ?? [];
  return models.length === 0 ? undefined : { ...candidate, uri, models, wireApi: 'ollama' };
}
