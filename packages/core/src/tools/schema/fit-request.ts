import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { ChatRequest, OutputFormat, Tool } from '../../spec/request.ts';
import type { SchemaDialect } from './dialects.ts';
import { fitSchema } from './fit-schema.ts';

/** The request with its schemas as the target takes them, and what was lost on the way. */
export function fitRequest(
  request: ChatRequest,
  dialect: SchemaDialect,
): { readonly request: ChatRequest; readonly notes: readonly string[] } {
  if (dialect === 'plain') return { request, notes: [] };
  const notes: string[] = [];
  const fitted: { tools?: readonly Tool[]; outputFormat?: OutputFormat } = {};
  if (request.tools !== undefined) fitted.tools = request.tools.map((tool) => fitTool(tool, dialect, notes));
  const format = request.outputFormat;
  if (format?.type === 'json-schema' && isWanted(format.strict, dialect)) {
    fitted.outputFormat = { ...format, ...fitOne(format.schema, dialect, `schema ${format.name}`, notes) };
  }
  return { request: { ...request, ...fitted }, notes };
}

function fitTool(tool: Tool, dialect: SchemaDialect, notes: string[]): Tool {
  if (tool.parameters === undefined || tool.opaque !== undefined || !isWanted(tool.strict, dialect)) return tool;
  const { schema, ...strict } = fitOne(tool.parameters, dialect, `tool ${tool.name}`, notes);
  return { ...tool, ...strict, parameters: schema };
}

/** A server with a strict mode takes every schema outside of it. */
function isWanted(strict: boolean | undefined, dialect: SchemaDialect): boolean {
  return dialect !== 'openai-strict' || strict === true;
}

function fitOne(
  schema: JsonObject,
  dialect: SchemaDialect,
  what: string,
  notes: string[],
): { readonly schema: JsonObject; readonly strict?: boolean } {
  // Strict mode would answer null for what is optional, which the schema itself may forbid: it is given up instead.
  if (dialect === 'openai-strict' && !requiresAll(schema)) {
    notes.push(`strict on ${what}: it has optional properties`);
    return { schema, strict: false };
  }
  const { schema: fitted, dropped } = fitSchema(schema, dialect);
  if (dropped.length > 0) notes.push(`${what}: not enforced: ${dropped.join(', ')}`);
  return { schema: fitted };
}

/** True when no object of the schema has a property that may be left out. */
function requiresAll(schema: JsonValue): boolean {
  if (Array.isArray(schema)) return schema.every(requiresAll);
  if (!isJsonObject(schema)) return true;
  const { properties, required } = schema;
  if (isJsonObject(properties)) {
    const names = new Set(Array.isArray(required) ? required : []);
    if (!Object.keys(properties).every((name) => names.has(name))) return false;
  }
  return Object.entries(schema).every(([key, value]) => {
    if (key === 'enum' || key === 'const' || key === 'default' || key === 'examples') return true;
    return isMap(key) && isJsonObject(value) ? Object.values(value).every(requiresAll) : requiresAll(value);
  });
}

function isMap(key: string): boolean {
  return key === 'properties' || key === '$defs' || key === 'definitions';
}
