import type { FieldNode } from './schema/walk.ts';

/** Text from a variable, a flag or an expansion → the type of its field. `expected` says what the field wants. */
export type TypedValue = { readonly value: unknown } | { readonly expected: string };

const TRUE = new Set(['true', '1', 'yes', 'on']);
const FALSE = new Set(['false', '0', 'no', 'off']);

export function typedValue(text: string, node: FieldNode): TypedValue {
  const { shape } = node;
  const trimmed = text.trim();
  switch (shape.type) {
    case 'string':
      return { value: text };
    case 'enum':
      return { value: trimmed };
    case 'boolean': {
      const word = trimmed.toLowerCase();
      if (TRUE.has(word)) return { value: true };
      return FALSE.has(word) ? { value: false } : { expected: 'true or false' };
    }
    case 'integer':
      return /^[+-]?\d+$/.test(trimmed) ? { value: Number(trimmed) } : { expected: 'a whole number' };
    case 'number': {
      const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed);
      return isNumber ? { value: Number(trimmed) } : { expected: 'a number' };
    }
    case 'array':
      return listValue(trimmed, shape.item);
    case 'table':
    case 'object':
    case 'record': {
      const value = parseJson(trimmed);
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      return isObject ? { value } : { expected: 'a JSON object' };
    }
    case 'json':
      // `false` and `0.2` mean what they say in a request body; a word is text.
      return { value: /^([[{"]|true$|false$|-?\d)/.test(trimmed) ? (parseJson(trimmed) ?? text) : text };
  }
}

/** `a, b, c` or a JSON array. */
function listValue(text: string, item: FieldNode): TypedValue {
  if (text.startsWith('[')) {
    const value = parseJson(text);
    return Array.isArray(value) ? { value } : { expected: 'a comma list or a JSON array' };
  }
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const values: unknown[] = [];
  for (const part of parts) {
    const typed = typedValue(part, item);
    if ('expected' in typed) return { expected: `a comma list of ${typed.expected}` };
    values.push(typed.value);
  }
  return { value: values };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

export function describeShape(node: FieldNode): string {
  const { shape } = node;
  switch (shape.type) {
    case 'string':
      return 'a string';
    case 'boolean':
      return 'true or false';
    case 'integer':
      return 'a whole number';
    case 'number':
      return 'a number';
    case 'array':
      return 'a list';
    case 'table':
    case 'object':
    case 'record':
      return 'a table';
    case 'enum':
      return `one of ${shape.values.map((value) => `"${value}"`).join(', ')}`;
    case 'json':
      return 'a value';
  }
}
