import { loadConfigText } from '../load.ts';
import type { Config } from '../model.ts';
import { childOf, isTree, type ConfigPath } from '../path.ts';
import { findEntry } from '../references.ts';
import { parse } from 'smol-toml';
import { setToml } from './toml-edit.ts';

interface Reference {
  readonly path: ConfigPath;
  readonly text: string;
}

/** Rewrites every reference to an entry or agent that is about to be renamed. */
export function renameReferences(text: string, path: ConfigPath, alias: string): string {
  const isEntry = path[0] === 'providers';
  const tree: unknown = parse(text.replace(/^\uFEFF/u, ''));
  const type = path[2] ?? '';
  const old = path.at(-1) ?? '';
  const config = isEntry ? loadConfigText(text, 'config.toml', { env: {}, secrets: NO_SECRETS }) : undefined;
  const means = (reference: string): boolean =>
    config === undefined ? reference === old : meansEntry(config, reference, `${type}.${old}`);
  const next = isEntry ? `${type}.${alias}` : alias;
  return (isEntry ? entryReferences(tree) : agentReferences(tree))
    .filter((reference) => means(reference.text))
    .reduce((result, reference) => setToml(result, reference.path, next), text);
}

/** Names are all that is wanted here; no secret needs to be opened. */
const NO_SECRETS = { open: () => ({ value: 'unopened' }), prefetch: async () => {} };

function meansEntry(config: Config, reference: string, ref: string): boolean {
  return findEntry(config.entries, reference)?.ref === ref;
}

function entryReferences(tree: unknown): Reference[] {
  const found: Reference[] = [];
  for (const [type, aliases] of children(tree, ['providers', 'models'])) {
    for (const [alias, fields] of children(aliases, [])) {
      found.push(...texts(fields, ['fallback'], ['providers', 'models', type, alias]));
    }
  }
  for (const [alias, agent] of children(tree, ['agents']))
    found.push(...texts(agent, ['model_provider'], ['agents', alias]));
  for (const [index, route] of children(tree, ['model_routes'])) {
    found.push(
      ...texts(route, ['model_provider'], ['model_routes', index]),
      ...texts(route, ['provider'], ['model_routes', index]),
    );
  }
  return [...found, ...texts(tree, ['reliability', 'fallback_providers'], [])];
}

function agentReferences(tree: unknown): Reference[] {
  return children(tree, ['agents']).flatMap(([alias, agent]) => {
    const base = ['agents', alias];
    const objects = children(agent, ['delegates']).flatMap(([index, item]) =>
      texts(item, ['agent'], [...base, 'delegates', index]),
    );
    return [...texts(agent, ['delegates'], base), ...objects];
  });
}

/** Tables and lists alike: names or positions with what they hold. */
function children(node: unknown, path: ConfigPath): [string, unknown][] {
  const value = path.reduce<unknown>(childOf, node);
  if (Array.isArray(value)) return value.map((item, index) => [String(index), item]);
  return isTree(value) ? Object.entries(value) : [];
}

/** The text at a path, or the texts of the list there. */
function texts(node: unknown, path: ConfigPath, base: ConfigPath): Reference[] {
  const value = path.reduce<unknown>(childOf, node);
  const full = [...base, ...path];
  if (typeof value === 'string') return [{ path: full, text: value }];
  return children(value, []).flatMap(([index, item]) =>
    typeof item === 'string' ? [{ path: [...full, index], text: item }] : [],
  );
}
