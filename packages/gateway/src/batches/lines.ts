import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { BatchInputError, type BatchItem, type BatchRecord } from '@standin/batch';
import { linesOf, type Line } from '@standin/batch/lines';
import { isJsonObject, type JsonObject } from '@standin/core/spec/index';
import type { LineError } from './types.ts';

/** OpenAI's own bound. */
export const MOST_LINES = 50_000;
const MOST_ERRORS = 100;
const LONGEST_CUSTOM_ID = 512;

export interface BatchLine {
  readonly customId: string;
  readonly body: JsonObject;
}

type Read = { readonly line: BatchLine } | { readonly error: Omit<LineError, 'line'> };

const wrong = (code: string, message: string, param: string | null = null): Read => ({
  error: { code, message, param },
});

/** One line of an input file. What its body holds is for its endpoint to judge. */
export function readLine(text: string, endpoint: string): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return wrong('invalid_json_line', 'This line is not parseable as valid JSON.');
  }
  if (!isJsonObject(value)) return wrong('invalid_json_line', 'This line is no JSON object.');
  const { custom_id: customId, method, url, body } = value;
  if (typeof customId !== 'string' || customId === '' || customId.length > LONGEST_CUSTOM_ID)
    return wrong('missing_required_parameter', 'custom_id must be a text of 1 to 512 characters.', 'custom_id');
  if (method !== 'POST') return wrong('invalid_method', 'method must be "POST".', 'method');
  if (url !== endpoint)
    return wrong('mismatched_endpoint', `url must be the endpoint of the batch, ${endpoint}.`, 'url');
  if (!isJsonObject(body)) return wrong('missing_required_parameter', 'body must be a JSON object.', 'body');
  if (body.stream === true)
    return wrong('invalid_request', 'A request of a batch cannot be streamed; leave stream out.', 'body.stream');
  return { line: { customId, body } };
}

async function* numbered(path: string, longestBytes: number): AsyncGenerator<Line> {
  for await (const line of linesOf(createReadStream(path, { highWaterMark: 256 * 1024 }), longestBytes))
    if (line.text.trim() !== '') yield line;
}

export interface Checked {
  readonly total: number;
  /** The first hundred. */
  readonly errors: readonly LineError[];
}

/** Looks at every line before the first is asked. */
export async function checkLines(path: string, endpoint: string, longestBytes: number): Promise<Checked> {
  const errors: LineError[] = [];
  const seen = new Set<string>();
  let total = 0;
  let number = 0;
  const add = (error: Omit<LineError, 'line'>, line: number | null): void => {
    if (errors.length < MOST_ERRORS) errors.push({ ...error, line });
  };
  try {
    for await (const line of numbered(path, longestBytes)) {
      total += 1;
      number = line.number;
      if (total > MOST_LINES) {
        add({ code: 'too_many_tasks', message: `A batch holds at most ${MOST_LINES} requests.`, param: null }, number);
        break;
      }
      const read = readLine(line.text, endpoint);
      if ('error' in read) {
        add(read.error, number);
        continue;
      }
      // Short digests: 50,000 long ids would be 25 MB.
      const digest = createHash('sha256').update(read.line.customId).digest('base64').slice(0, 20);
      if (seen.has(digest)) {
        const message = `The custom_id ${JSON.stringify(read.line.customId)} stands on another line too.`;
        add({ code: 'duplicate_custom_id', message, param: 'custom_id' }, number);
      }
      seen.add(digest);
    }
  } catch (error) {
    if (!(error instanceof BatchInputError)) throw error;
    add({ code: 'line_too_long', message: error.message, param: null }, number + 1);
  }
  if (total === 0) add({ code: 'empty_file', message: 'The input file holds no request.', param: null }, null);
  return { total, errors };
}

/** The lines of a file that was checked. */
export async function* recordsOf(path: string, endpoint: string, longestBytes: number): AsyncGenerator<BatchRecord> {
  let index = 0;
  for await (const { text } of numbered(path, longestBytes)) {
    const read = readLine(text, endpoint);
    if ('line' in read) yield { item: itemOf(index, read.line) };
    index += 1;
  }
}

/** The endpoint itself decodes the request, so here it stays as it came. */
function itemOf(index: number, { customId, body }: BatchLine): BatchItem {
  const decoded = { request: { messages: [] }, mode: 'whole', includeUsage: false } as const;
  return { index, id: customId, decoded, shape: 'openai-chat', source: JSON.stringify(body) };
}
