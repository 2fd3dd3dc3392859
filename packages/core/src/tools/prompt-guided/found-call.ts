import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Tool } from '../../spec/request.ts';
import { isJson } from './json-text.ts';

/** A call read out of text. */
export interface FoundCall {
  readonly name: string;
  /** A JSON object as text. */
  readonly arguments: string;
  /** The model's own id, when it wrote one. */
  readonly id?: string;
}

/** What a piece of text held. */
export interface Found {
  readonly calls: readonly FoundCall[];
  /** Calls that could not be taken, each in words. */
  readonly rejected: readonly string[];
  /** Text that stood beside the calls in a JSON envelope. */
  readonly text?: string;
}

export const NOTHING_FOUND: Found = { calls: [], rejected: [] };

/** The declared tools. A name counts only as it was declared: what is not there by that very name is not called. */
export interface ToolBook {
  has(name: string): boolean;
  /** The declared schemas of a tool's parameters by name. */
  properties(name: string): Readonly<Record<string, JsonObject>>;
  /** The parameter a lone value belongs to. */
  defaultParameter(name: string): string | undefined;
  /** The longest first, so that `read` never hides `read_file`. */
  readonly names: readonly string[];
}

/** Where a tool declares several parameters and none as required, these take a lone value. */
const USUAL_PARAMETERS = ['command', 'path', 'query', 'content', 'url', 'input'];

export function createToolBook(tools: readonly Tool[]): ToolBook {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const properties: ToolBook['properties'] = (name) => {
    const declared = byName.get(name)?.parameters?.['properties'];
    if (!isJsonObject(declared)) return {};
    return Object.fromEntries(Object.entries(declared).map(([key, value]) => [key, isJsonObject(value) ? value : {}]));
  };
  return {
    has: (name) => byName.has(name),
    properties,
    defaultParameter(name) {
      const required = byName.get(name)?.parameters?.['required'];
      if (Array.isArray(required) && required.length === 1 && typeof required[0] === 'string') return required[0];
      const all = Object.keys(properties(name));
      return all.length === 1 ? all[0] : USUAL_PARAMETERS.find((usual) => all.includes(usual));
    },
    names: [...byName.keys()].toSorted((a, b) => b.length - a.length),
  };
}

const MAX_UNWRAPS = 3;

/** Arguments as a model gave them, as the text of a JSON object; a JSON text inside a string is taken out of it. */
export function argumentsFrom(raw: string | undefined, name: string, book: ToolBook): string | undefined {
  let json = raw?.trim() ?? '';
  for (let round = 0; round < MAX_UNWRAPS && json.startsWith('"'); round += 1) {
    const inner = (JSON.parse(json) as string).trim();
    if (inner === '') return '{}';
    if (!inner.startsWith('{') && !inner.startsWith('"')) return lone(json, name, book);
    if (!isJson(inner)) return lone(json, name, book);
    json = inner;
  }
  if (json === '' || json === 'null') return '{}';
  return json.startsWith('{') ? json : undefined;
}

function lone(json: string, name: string, book: ToolBook): string | undefined {
  const parameter = book.defaultParameter(name);
  return parameter === undefined ? undefined : `{${JSON.stringify(parameter)}: ${json}}`;
}

/** Arguments from names and raw texts, each value read by its declared type. */
export function argumentsOf(
  pairs: readonly (readonly [name: string, text: string])[],
  tool: string,
  book: ToolBook,
): string {
  const properties = book.properties(tool);
  const members = new Map<string, string>();
  for (const [name, text] of pairs) {
    const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
    members.set(name, valueText(text, declared));
  }
  return `{${[...members].map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(', ')}}`;
}

/** A value without quotes, as JSON: a text where the tool wants a text, else what it reads like. */
export function valueText(text: string, schema: JsonObject | undefined): string {
  if (takesOnlyText(schema)) return JSON.stringify(text);
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  if (lower === 'true' || lower === 'false' || lower === 'null' || trimmed === 'None')
    return trimmed === 'None' ? 'null' : lower;
  if (!isJson(trimmed)) return JSON.stringify(text);
  const isLiteral = /^[-\d{[]/.test(trimmed);
  // Without a declared type a list of digits may as well be a postcode, but a number is the better guess.
  return isLiteral || trimmed.startsWith('"') ? trimmed : JSON.stringify(text);
}

function takesOnlyText(schema: JsonObject | undefined): boolean {
  if (schema === undefined) return false;
  const { type } = schema;
  if (type === 'string') return true;
  if (Array.isArray(type)) return type.every((one) => one === 'string' || one === 'null') && type.includes('string');
  return type === undefined && Array.isArray(schema['enum']) && schema['enum'].every((one) => typeof one === 'string');
}

/** Several findings as one. */
export function joinFound(all: readonly Found[]): Found {
  const text = all.map((one) => one.text ?? '').join('');
  return {
    calls: all.flatMap(({ calls }) => calls),
    rejected: all.flatMap(({ rejected }) => rejected),
    ...(text === '' ? {} : { text }),
  };
}

/** One named call, or the reason why it is none. */
export function callOf(name: string, args: string | undefined, book: ToolBook, id?: string): Found {
  if (!book.has(name)) return { calls: [], rejected: [`no tool is called ${JSON.stringify(name.slice(0, 80))}`] };
  if (args === undefined) return { calls: [], rejected: [`the arguments of ${name} are no JSON object`] };
  return { calls: [id === undefined ? { name, arguments: args } : { name, arguments: args, id }], rejected: [] };
}

/** A member's text as a string value; `undefined` when it is none. */
export function stringMember(members: ReadonlyMap<string, string>, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const raw = members.get(name);
    if (raw?.startsWith('"') === true) return JSON.parse(raw) as string;
  }
  return undefined;
}
