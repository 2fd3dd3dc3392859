import type { Config } from '@standin/core/config/model';
import { formatPath, parsePath } from '@standin/core/config/path';
import { nodeAt, rootNode } from '@standin/core/config/schema/walk';
import { allVendors } from '@standin/core/vendors/lookup';

/** Config paths that go on from what is typed, one step at a time; a table ends in a dot. */
export function configPaths(typed: string, config: Config | undefined): string[] {
  const parent = parsePath(typed.slice(0, typed.lastIndexOf('.') + 1));
  const node = parent.length === 0 ? rootNode : nodeAt(parent);
  if (node === undefined) return [];
  return namesBelow(parent, node.shape.type === 'object' ? Object.keys(node.shape.fields) : [], config)
    .map((name) => [...parent, name])
    .filter((path) => nodeAt(path)?.meta.effect !== 'none')
    .map((path) => `${formatPath(path)}${goesOn(path) ? '.' : ''}`);
}

function goesOn(path: readonly string[]): boolean {
  const shape = nodeAt(path)?.shape;
  if (shape?.type === 'array') return shape.item.shape.type === 'object';
  return shape?.type === 'object' || shape?.type === 'record';
}

/** Fields of the schema, or the user's own names where those are free. */
function namesBelow(parent: readonly string[], fields: readonly string[], config: Config | undefined): string[] {
  if (fields.length > 0) return [...fields];
  const [first, second, type] = parent;
  const entries = [...(config?.entries.values() ?? [])];
  if (first === 'providers' && second === 'models') {
    if (parent.length === 2)
      return [...new Set([...entries.map((entry) => entry.type), ...allVendors().map(({ id }) => id)])];
    if (parent.length === 3) return entries.filter((entry) => entry.type === type).map((entry) => entry.alias);
  }
  if (first === 'agents' && parent.length === 1) return [...(config?.agents.keys() ?? []), 'default'];
  if (first === 'model_routes' && parent.length === 1)
    return (config?.document.model_routes ?? []).map((_, index) => String(index));
  return [];
}

/** What a field can hold, where that is a closed set. */
export function valuesAt(text: string, config: Config | undefined): string[] {
  const path = parsePath(text);
  const shape = nodeAt(path)?.shape;
  if (shape?.type === 'enum') return [...shape.values];
  if (shape?.type === 'boolean') return ['true', 'false'];
  const isReference = ['model_provider', 'fallback', 'fallback_providers'].includes(
    path.find((segment) => /^(model_provider|fallback|fallback_providers)$/.test(segment)) ?? '',
  );
  return isReference ? [...(config?.entries.keys() ?? [])] : [];
}
