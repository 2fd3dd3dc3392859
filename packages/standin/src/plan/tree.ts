import type { Config } from '@standin/core/config/model';
import { findEntry } from '@standin/core/config/references';

/** An entry of the walk with its models and the entries it falls back to. */
export interface Branch {
  readonly entry: string;
  /** Positions in the walk, 0 for the first. */
  readonly targets: number[];
  readonly children: Branch[];
}

/**
 * The walk as the tree it was made from: an entry's spares hang below it. A routing option or a hand-made list may put
 * entries side by side that no `fallback` connects: those stand at the top.
 */
export function treeOf(
  entries: readonly string[],
  config: Pick<Config, 'entries' | 'extraFallbacks' | 'defaultEntry'>,
): Branch[] {
  const roots: Branch[] = [];
  const branches = new Map<string, Branch>();
  entries.forEach((entry, position) => {
    const known = branches.get(entry);
    if (known !== undefined) return void known.targets.push(position);
    const branch: Branch = { entry, targets: [position], children: [] };
    const parent = [...branches.values()].findLast((other) => sparesOf(other.entry, config).includes(entry));
    (parent?.children ?? roots).push(branch);
    branches.set(entry, branch);
  });
  return roots;
}

function sparesOf(entry: string, config: Pick<Config, 'entries' | 'extraFallbacks' | 'defaultEntry'>): string[] {
  const own = config.entries.get(entry)?.fields.fallback ?? [];
  const all = entry === config.defaultEntry ? [...own, ...config.extraFallbacks] : own;
  return all.flatMap((name) => findEntry(config.entries, name)?.ref ?? []);
}

/** One line of a drawn tree: its stem and what it shows. */
export interface TreeLine {
  readonly stem: string;
  /** Stem of further lines about the same thing. */
  readonly under: string;
  readonly shows: { readonly entry: string } | { readonly target: number };
}

export function drawTree(roots: readonly Branch[]): TreeLine[] {
  return roots.flatMap((root) => [{ stem: '', under: '', shows: { entry: root.entry } }, ...below(root, '')]);
}

function below(branch: Branch, stem: string): TreeLine[] {
  const items: (number | Branch)[] = [...branch.targets, ...branch.children];
  return items.flatMap((item, index): TreeLine[] => {
    const last = index === items.length - 1;
    const own = `${stem}${last ? '└─ ' : '├─ '}`;
    const under = `${stem}${last ? '   ' : '│  '}`;
    if (typeof item === 'number') return [{ stem: own, under, shows: { target: item } }];
    return [{ stem: own, under, shows: { entry: item.entry } }, ...below(item, under)];
  });
}
