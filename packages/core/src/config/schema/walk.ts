import type { z } from 'zod';

import type { FieldMeta } from './meta.ts';
import { configSchema } from './root.ts';
import type { ConfigPath } from '../path.ts';

/** The shape of one place in the config, as far as reading and typing a value needs it. */
export type FieldShape =
  | { readonly type: 'object'; readonly fields: Readonly<Record<string, FieldNode>> }
  | { readonly type: 'record'; readonly value: FieldNode }
  | { readonly type: 'array'; readonly item: FieldNode }
  | { readonly type: 'enum'; readonly values: readonly string[] }
  /** `table`: any JSON, as long as it is an object. */
  | { readonly type: 'string' | 'boolean' | 'integer' | 'number' | 'json' | 'table' };

export interface FieldNode {
  readonly shape: FieldShape;
  readonly meta: Partial<FieldMeta>;
}

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly entries?: Readonly<Record<string, string>>;
  readonly format?: string;
}

const known = new WeakMap<z.ZodType, FieldNode>();

/** Reads a schema once into plain nodes; wrappers (optional, transform) are looked through, their notes merged. */
export function nodeOf(schema: z.ZodType): FieldNode {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const definition = schema.def as unknown as Definition;
  const own = (schema.meta() ?? {}) as Partial<FieldMeta>;
  const inner = definition.innerType ?? (definition.type === 'pipe' ? definition.in : undefined);
  const below = inner === undefined ? undefined : nodeOf(inner);
  const node = {
    shape: below?.shape ?? shapeOf(definition),
    meta: { ...below?.meta, ...own },
  };
  known.set(schema, node);
  return node;
}

function shapeOf(definition: Definition): FieldShape {
  switch (definition.type) {
    case 'object': {
      const fields = Object.entries(definition.shape ?? {}).map(([name, value]) => [name, nodeOf(value)] as const);
      return { type: 'object', fields: Object.fromEntries(fields) };
    }
    case 'record':
      return definition.valueType === undefined ? { type: 'json' } : recordShape(definition.valueType);
    case 'array':
      return definition.element === undefined ? { type: 'json' } : { type: 'array', item: nodeOf(definition.element) };
    case 'enum':
      return { type: 'enum', values: Object.values(definition.entries ?? {}) };
    case 'string':
      return { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return { type: definition.format === 'safeint' ? 'integer' : 'number' };
    default:
      return { type: 'json' };
  }
}

/** `z.json()` refers to itself; what is below it is plain JSON to us. */
function recordShape(value: z.ZodType): FieldShape {
  const type = (value.def as unknown as Definition).type;
  return type === 'lazy' ? { type: 'table' } : { type: 'record', value: nodeOf(value) };
}

export const rootNode: FieldNode = nodeOf(configSchema);

/** The node at a path, or `undefined` when the schema has no such place. */
export function nodeAt(path: ConfigPath, from: FieldNode = rootNode): FieldNode | undefined {
  let node: FieldNode | undefined = from;
  for (const segment of path) {
    if (node === undefined) return undefined;
    node = below(node, segment);
  }
  return node;
}

/** The node one step down. Anything may stand below plain JSON. */
export function below(node: FieldNode, segment: string): FieldNode | undefined {
  const { shape } = node;
  switch (shape.type) {
    case 'object':
      return Object.hasOwn(shape.fields, segment) ? shape.fields[segment] : undefined;
    case 'record':
      return { shape: shape.value.shape, meta: { ...inherited(node), ...shape.value.meta } };
    case 'array':
      return /^\d+$/.test(segment)
        ? { shape: shape.item.shape, meta: { ...inherited(node), ...shape.item.meta } }
        : undefined;
    case 'json':
    case 'table':
      return { shape: { type: 'json' }, meta: inherited(node) };
    default:
      return undefined;
  }
}

/** Items of a secret list are secret, values below a foreign section are foreign. */
function inherited(node: FieldNode): Partial<FieldMeta> {
  const { secret, effect } = node.meta;
  return { ...(secret === undefined ? {} : { secret }), ...(effect === undefined ? {} : { effect }) };
}
