import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';

/** What a local `$ref` names, with the words beside it on top; `undefined` when it leads nowhere. */
export function expandReference(schema: JsonObject, root: JsonObject): { readonly schema: JsonObject } | undefined {
  const { $ref: reference, ...own } = schema;
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined;
  let target: JsonValue | undefined = root;
  for (const step of reference.slice(1).split('/').filter(Boolean)) {
    const name = unescaped(step);
    if (Array.isArray(target)) target = target[Number(name)];
    else target = isJsonObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  return isJsonObject(target) ? { schema: { ...target, ...own } } : undefined;
}

function unescaped(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return step;
  }
}

/** True when a reference leads back to itself. */
export function isRecursive(root: JsonObject): boolean {
  const done = new Set<string>();
  const leadsBack = (value: JsonValue, within: readonly string[]): boolean => {
    if (Array.isArray(value)) return value.some((one) => leadsBack(one, within));
    if (!isJsonObject(value)) return false;
    const { $ref: reference } = value;
    if (typeof reference === 'string' && !done.has(reference)) {
      if (within.includes(reference)) return true;
      const target = expandReference({ $ref: reference }, root);
      if (target !== undefined && leadsBack(target.schema, [...within, reference])) return true;
      done.add(reference);
    }
    return Object.entries(value).some(([key, inner]) => !isDefinitions(key) && leadsBack(inner, within));
  };
  return leadsBack(root, ['#']);
}

/** Definitions count where they are used. */
function isDefinitions(key: string): boolean {
  return key === '$defs' || key === 'definitions';
}
