import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { standinHome } from '@standin/core/config/files';
import type { AdvertisedModel } from '@standin/core/catalog/advertised';
import { isJsonObject } from '@standin/core/spec/json';

/** What one endpoint listed, and when. */
export interface CachedList {
  /** ISO 8601, UTC. */
  readonly readAt: string;
  /** Where it was read: another address makes the list worthless. */
  readonly url: string;
  readonly models: readonly AdvertisedModel[];
}

type Environment = Readonly<Record<string, string | undefined>>;

export const cachePath = (env: Environment): string => join(standinHome(env), 'models-cache.json');

/** Lists by entry. A file that is missing, broken or of another version counts as empty: it can be read anew. */
export function readCache(env: Environment): Map<string, CachedList> {
  const lists = new Map<string, CachedList>();
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(cachePath(env), 'utf8'));
  } catch {
    return lists;
  }
  if (!isJsonObject(value) || value.version !== 1 || !isJsonObject(value.entries)) return lists;
  for (const [entry, list] of Object.entries(value.entries)) {
    if (!isJsonObject(list) || typeof list.readAt !== 'string' || typeof list.url !== 'string') continue;
    if (!Array.isArray(list.models)) continue;
    const models = list.models.flatMap((model: unknown) => {
      if (!isJsonObject(model) || typeof model.id !== 'string') return [];
      const { id, isChat, contextWindow, ownedBy } = model;
      return [
        {
          id,
          isChat: isChat !== false,
          ...(typeof contextWindow === 'number' ? { contextWindow } : {}),
          ...(typeof ownedBy === 'string' ? { ownedBy } : {}),
        },
      ];
    });
    lists.set(entry, { readAt: list.readAt, url: list.url, models });
  }
  return lists;
}

/** Writes the whole file at once; the reason when it cannot. */
export function writeCache(env: Environment, lists: ReadonlyMap<string, CachedList>): string | undefined {
  const path = cachePath(env);
  const next = `${path}.${process.pid}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const text = JSON.stringify({ version: 1, entries: Object.fromEntries(lists) }, null, 1);
    writeFileSync(next, `${text}\n`, { mode: 0o600 });
    renameSync(next, path);
    return undefined;
  } catch (error) {
    return `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`;
  }
}
