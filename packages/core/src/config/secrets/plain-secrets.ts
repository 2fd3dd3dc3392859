import { parse } from 'smol-toml';

import { isTree, type ConfigPath } from '../path.ts';
import { below, rootNode, type FieldNode } from '../schema/walk.ts';
import { sealedKind } from './sealed.ts';

export interface PlainSecret {
  readonly path: ConfigPath;
  readonly value: string;
}

/** Secrets that stand readable in a native config: neither encrypted nor a reference nor taken from a variable. */
export function plainSecrets(text: string): PlainSecret[] {
  const found: PlainSecret[] = [];
  const visit = (value: unknown, node: FieldNode, path: ConfigPath): void => {
    if (typeof value === 'string') {
      const isPlain = value.trim() !== '' && !value.includes('${') && sealedKind(value.trim()) === undefined;
      if (node.meta.secret === true && isPlain) found.push({ path, value: value.trim() });
      return;
    }
    const inner = Array.isArray(value) ? value.entries() : isTree(value) ? Object.entries(value) : [];
    for (const [key, item] of inner) {
      const next = below(node, String(key));
      if (next !== undefined && next.meta.effect !== 'none') visit(item, next, [...path, String(key)]);
    }
  };
  visit(parse(text.replace(/^\uFEFF/u, '')), rootNode, []);
  return found;
}
