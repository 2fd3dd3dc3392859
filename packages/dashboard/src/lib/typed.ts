import type { SchemaNode } from '../api/config-types.ts';

export type Typed = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly message: string };

/** What was typed, as the schema's type; an empty text is asked about before (it unsets). */
export function typedValue(node: SchemaNode, text: string): Typed {
  switch (node.type) {
    case 'integer':
    case 'number': {
      const value = Number(text.trim());
      if (text.trim() === '' || !Number.isFinite(value)) return { ok: false, message: 'This has to be a number.' };
      if (node.type === 'integer' && !Number.isInteger(value))
        return { ok: false, message: 'This has to be a whole number.' };
      return { ok: true, value };
    }
    case 'boolean':
      return { ok: true, value: text === 'true' };
    case 'array':
      // Lists of names are lines; a list of anything else is written out.
      return text.trim().startsWith('[') || isTable(node.item) ? json(text) : { ok: true, value: linesOf(text) };
    case 'json':
    case 'table':
    case 'record':
    case 'object':
      return json(text);
    case 'enum':
    case 'string':
      return { ok: true, value: text };
  }
}

const isTable = (node: SchemaNode | undefined): boolean => node?.type === 'object' || node?.type === 'record';

/** One item per line. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function json(text: string): Typed {
  try {
    return { ok: true, value: JSON.parse(text) as unknown };
  } catch {
    return { ok: false, message: 'This is not JSON yet, such as {"top_k": 40} or ["a", "b"].' };
  }
}

/** A value as it stands in an editor. */
export function textOf(node: SchemaNode, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  if (node.type === 'array' && Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : `${value as number}`;
}
