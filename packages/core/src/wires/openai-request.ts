import { isJsonObject, type JsonObject } from '../spec/json.ts';
import {
  REASONING_EFFORTS,
  type OutputFormat,
  type ReasoningEffort,
  type Tool,
  type ToolChoice,
} from '../spec/request.ts';
import {
  fail,
  optionalBoolean,
  optionalObject,
  optionalString,
  requiredObject,
  requiredString,
} from './request-fields.ts';

/** What requests of chat completions and of Responses say alike. Every reader throws `RequestError` with the field's path. */

/** OpenRouter's and LiteLLM's options for the walk; they are for us and never forwarded. */
export const ROUTING_FIELDS: readonly string[] = [
  ...'models provider route fallbacks num_retries timeout disable_fallbacks stream_timeout'.split(' '),
  // Of other gateways: without effect here, and unknown to vendors.
  ...'usage transforms providerOptions context_window_fallback_dict'.split(' '),
];

export function readRouting(body: JsonObject): JsonObject | undefined {
  let routing: JsonObject | undefined;
  for (const field of ROUTING_FIELDS) {
    const value = body[field];
    if (value !== undefined && value !== null) (routing ??= {})[field] = value;
  }
  return routing;
}

/** Name, description, parameters and strictness of a function. */
export function decodeFunction(definition: JsonObject, param: string): Tool {
  return {
    name: requiredString(definition['name'], `${param}.name`),
    ...defined({
      description: optionalString(definition['description'], `${param}.description`),
      parameters: optionalObject(definition['parameters'], `${param}.parameters`),
      strict: optionalBoolean(definition['strict'], `${param}.strict`),
    }),
  };
}

const CHOICE_WORDS: Readonly<Record<string, ToolChoice>> = {
  auto: { type: 'auto' },
  none: { type: 'none' },
  required: { type: 'required' },
  any: { type: 'required' },
};

/** A word, or an object that names a function of `tools`. Other objects only a server of this wire can honour. */
export function decodeToolChoice(
  value: unknown,
  param: string,
  tools: readonly Tool[],
  extensions: JsonObject,
): ToolChoice | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') {
    const choice = Object.hasOwn(CHOICE_WORDS, value) ? CHOICE_WORDS[value] : undefined;
    if (choice === undefined) throw fail(param, 'must be "none", "auto", "required" or an object naming a function');
    return choice;
  }
  const object = requiredObject(value, param);
  const type = object['type'];
  if (type !== undefined && type !== 'function') {
    // `allowed_tools`, and choices of hosted and custom tools.
    extensions['tool_choice'] = object;
    return undefined;
  }
  const inner = object['function'];
  const path = isJsonObject(inner) ? `${param}.function.name` : `${param}.name`;
  const name = requiredString((isJsonObject(inner) ? inner : object)['name'], path);
  if (!tools.some((tool) => tool.name === name)) throw fail(path, `names "${name}", which is not in \`tools\``);
  return { type: 'tool', name };
}

/** Output by a JSON schema: its name, what it is for, and whether it is enforced. */
export function decodeSchemaFormat(fields: JsonObject, param: string, needsSchema: boolean): OutputFormat {
  const read = needsSchema ? requiredObject : optionalObject;
  return {
    type: 'json-schema',
    name: requiredString(fields['name'], `${param}.name`),
    schema: read(fields['schema'], `${param}.schema`) ?? {},
    ...defined({
      description: optionalString(fields['description'], `${param}.description`),
      strict: optionalBoolean(fields['strict'], `${param}.strict`),
    }),
  };
}

export function decodeEffort(value: unknown, param: string): ReasoningEffort | undefined {
  const effort = optionalString(value, param);
  if (effort === undefined) return undefined;
  const known = REASONING_EFFORTS.find((one) => one === effort);
  if (known === undefined) throw fail(param, `must be one of ${REASONING_EFFORTS.join(', ')}`);
  return known;
}

/** The fields that have a value. */
export function defined<T extends object>(fields: T): Partial<T> {
  const present: Partial<T> = {};
  for (const key in fields) if (fields[key] !== undefined) present[key] = fields[key];
  return present;
}
