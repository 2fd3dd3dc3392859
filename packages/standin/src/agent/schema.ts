import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { Ajv } from 'ajv';
import { isJsonObject, type JsonObject } from '@standin/core/spec/json';
import type { OutputFormat } from '@standin/core/spec/request';
import { AnswerError, UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';

/** What an answer is checked against, and what is sent to the vendor. */
export interface AnswerSchema {
  readonly format: Extract<OutputFormat, { type: 'json-schema' }>;
  /** Throws `AnswerError` naming the first places that differ. */
  check(answer: unknown): void;
}

// One of these must be there: any JSON object passes as a schema otherwise, and checks nothing.
const KEYWORDS =
  'type properties required items prefixItems additionalProperties patternProperties propertyNames enum const $ref anyOf oneOf allOf not if contains format pattern minLength maxLength minimum maximum multipleOf minItems maxItems minProperties maxProperties'.split(
    ' ',
  );

async function readSchema(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--schema ${path}: cannot be read (${reasonOf(error)}).`, { cause: error });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (error) {
    // The parser's own words quote the file, which may be anything.
    const place = /position \d+( \(line \d+ column \d+\))?/.exec(String(error))?.[0];
    throw new UsageError(`--schema ${path}: not valid JSON${place === undefined ? '' : ` at ${place}`}.`, {
      cause: error,
    });
  }
}

interface Named {
  readonly name?: string;
  readonly schema: unknown;
}

/** Takes the schema out of OpenAI's wrappings, in which people often keep it. */
function unwrap(value: unknown): Named {
  if (!isJsonObject(value)) return { schema: value };
  if (value['type'] === 'json_schema') return unwrap(value['json_schema'] ?? value['schema']);
  if (isJsonObject(value['schema']) && !KEYWORDS.some((keyword) => keyword in value)) {
    return { name: typeof value['name'] === 'string' ? value['name'] : undefined, schema: value['schema'] };
  }
  return { schema: value };
}

/** Vendors take names of letters, digits, `_` and `-`, up to 64. */
function nameFor(schema: JsonObject, path: string, given: string | undefined): string {
  const title = typeof schema['title'] === 'string' ? schema['title'] : undefined;
  const raw = given ?? title ?? basename(path, extname(path));
  return raw.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').slice(0, 64) || 'answer';
}

/** ajv is loaded here and only here: it costs more than the rest of the command. */
async function ajvFor(schema: JsonObject): Promise<Ajv> {
  const options = { strict: false, allErrors: true, validateFormats: false, logger: false } as const;
  const draft = typeof schema['$schema'] === 'string' ? schema['$schema'] : '';
  if (draft.includes('draft-07') || draft.includes('draft-06')) return new (await import('ajv')).Ajv(options);
  if (draft.includes('2019-09')) return new (await import('ajv/dist/2019.js')).Ajv2019(options);
  return new (await import('ajv/dist/2020.js')).Ajv2020(options);
}

/** Reads `--schema FILE`. Throws `UsageError` when it cannot be read or is no JSON Schema. */
export async function loadSchema(path: string): Promise<AnswerSchema> {
  const { name, schema } = unwrap(await readSchema(path));
  if (!isJsonObject(schema)) throw new UsageError(`--schema ${path}: not a JSON Schema (it must be a JSON object).`);
  if (!KEYWORDS.some((keyword) => keyword in schema)) {
    throw new UsageError(
      `--schema ${path}: not a JSON Schema (no "type", "properties" or other schema keyword in it).`,
    );
  }
  const ajv = await ajvFor(schema);
  const { $schema: _draft, ...rest } = schema;
  let validate: ReturnType<Ajv['compile']>;
  try {
    validate = ajv.compile(rest);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--schema ${path}: not a valid JSON Schema (${why}).`, { cause: error });
  }
  return {
    format: { type: 'json-schema', name: nameFor(schema, path, name), schema, strict: true, repair: true },
    check: (answer) => {
      if (validate(answer)) return;
      const why = ajv.errorsText((validate.errors ?? []).slice(0, 3), { dataVar: 'answer' });
      throw new AnswerError(`The answer does not fit the schema: ${why}.`);
    },
  };
}

const FENCED = /^```[a-zA-Z]*\s*\n([\s\S]*?)\n?```$/;

/** The JSON text of an answer, out of the code fence that models without a JSON mode put around it. */
export function jsonOf(text: string): { readonly text: string; readonly value: unknown } {
  const trimmed = text.trim();
  for (const candidate of [trimmed, FENCED.exec(trimmed)?.[1]?.trim()]) {
    if (candidate === undefined) continue;
    try {
      return { text: candidate, value: JSON.parse(candidate) as unknown };
    } catch {
      // The next form may parse.
    }
  }
  throw new AnswerError(trimmed === '' ? 'The answer is empty; JSON was asked for.' : 'The answer is not valid JSON.');
}
