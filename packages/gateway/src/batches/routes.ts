import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { isJsonObject, RequestError, type JsonObject } from '@standin/core/spec/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import { parseJsonBody, readBody } from '../body.ts';
import { failureOfThrown } from '../caller-errors.ts';
import type { Endpoint } from '../endpoints.ts';
import { baseHeaders, sendFailure, sendJson, type Exchange } from '../exchange.ts';
import type { Route } from '../route-table.ts';
import type { Batches } from './index.ts';
import { BatchStore, type Owner } from './store.ts';
import { BATCH_ENDPOINTS, ENDED, type BatchObject, type FileObject } from './types.ts';
import { receiveFile } from './upload.ts';

interface Asked {
  readonly exchange: Exchange;
  readonly batches: Batches;
  readonly owner: Owner;
  /** The id in the address. */
  readonly id: string;
  readonly query: URLSearchParams;
}

type Answer = (asked: Asked) => Promise<JsonObject | undefined>;

const OFF = new RequestError('Files and batches are switched off here (gateway.batches.enabled).', {
  status: 404,
  code: 'batches_off',
});

function route(method: 'GET' | 'POST' | 'DELETE', path: string, answer: Answer): Route<Endpoint>[] {
  const run = (exchange: Exchange): void => {
    const { batches } = exchange.context;
    const fail = (thrown: unknown): void => {
      if (!(thrown instanceof RequestError))
        exchange.context.log('error', 'Request handling failed', { requestId: exchange.requestId, error: thrown });
      sendFailure(exchange, failureOfThrown(thrown));
    };
    if (batches === undefined) return fail(OFF);
    const query = new URL(exchange.req.url ?? '/', 'http://x').searchParams;
    const asked: Asked = { exchange, batches, owner: batches.ownerOf(exchange), id: exchange.parameter, query };
    answer(asked).then((body) => {
      if (body !== undefined) sendJson(exchange, 200, body);
    }, fail);
  };
  return ['/v1', ''].map((prefix) => ({
    method,
    pattern: `${prefix}${path}`,
    run: { dialect: openaiChatServer, run },
  }));
}

/** OpenAI's Files and Batch API over this gateway's own endpoints. */
export const BATCH_ROUTES: readonly Route<Endpoint>[] = [
  ...route('POST', '/files', createFile),
  ...route('GET', '/files', listFiles),
  ...route('GET', '/files/{id}/content', sendContent),
  ...route('GET', '/files/{id}', async (asked) => plain(await fileOf(asked))),
  ...route('DELETE', '/files/{id}', deleteFile),
  ...route('POST', '/batches', createBatch),
  ...route('GET', '/batches', listBatches),
  ...route('POST', '/batches/{id}/cancel', cancelBatch),
  ...route('GET', '/batches/{id}', async (asked) => plain(await batchOf(asked))),
];

const plain = (value: FileObject | BatchObject): JsonObject => ({ ...value }) as unknown as JsonObject;

const refuse = (message: string, param?: string, status = 400, code = 'invalid_request'): RequestError =>
  new RequestError(message, { status, code, ...(param === undefined ? {} : { param }) });

async function fileOf({ batches, owner, id }: Asked): Promise<FileObject> {
  const file = await batches.store.file(owner, id);
  if (file === undefined) throw refuse(`There is no file ${id.slice(0, 80)} of this key.`, 'id', 404, 'not_found');
  return file;
}

async function batchOf({ batches, owner, id }: Asked): Promise<BatchObject> {
  const batch = await batches.store.batch(owner, id);
  if (batch === undefined) throw refuse(`There is no batch ${id.slice(0, 80)} of this key.`, 'id', 404, 'not_found');
  return batch;
}

async function createFile({ exchange, batches, owner }: Asked): Promise<JsonObject> {
  const { store, limits } = batches;
  const { clock } = exchange.context;
  await store.prepare(owner);
  let [files, bytes] = [0, 0];
  for await (const file of store.files(owner)) {
    files += 1;
    bytes += file.bytes;
  }
  const most = Math.min(limits.maxFileBytes, limits.maxTotalBytes - bytes);
  if (files >= limits.maxFiles || most <= 0) {
    exchange.req.resume();
    const what = files >= limits.maxFiles ? `${files} files` : `${bytes} bytes of files`;
    throw refuse(
      `This key has ${what} here already, its limit; delete some first.`,
      'file',
      400,
      'file_quota_exceeded',
    );
  }
  const id = BatchStore.newId('file-', clock.wallMs());
  const path = store.filePath(owner, id);
  const uploaded = await receiveFile(exchange.req, path, most);
  const discard = async (error: RequestError): Promise<never> => {
    await store.removeFile(owner, id);
    throw error;
  };
  const purpose = uploaded.fields.get('purpose');
  if (purpose !== 'batch') {
    const message = `purpose must be "batch", not ${JSON.stringify(purpose ?? null)}; files for other purposes go to their vendor (/passthrough/<type>.<alias>/v1/files).`;
    return discard(refuse(message, 'purpose'));
  }
  const keepS = Math.floor(limits.keepMs / 1_000);
  const given = uploaded.fields.get('expires_after[seconds]');
  const seconds = given === undefined ? keepS : Number(given);
  if (!Number.isInteger(seconds) || seconds < 3_600)
    return discard(refuse('expires_after[seconds] must be a whole number, 3600 or more.', 'expires_after'));
  const now = Math.floor(clock.wallMs() / 1_000);
  const file: FileObject = {
    id,
    object: 'file',
    bytes: uploaded.bytes,
    created_at: now,
    expires_at: now + Math.min(seconds, keepS),
    filename: uploaded.filename,
    purpose: 'batch',
    status: 'processed',
  };
  await store.addFile(owner, file);
  return plain(file);
}

/** `limit`, `after` and `order` as OpenAI's lists have them; newest first. */
async function page<Item extends { readonly id: string }>(
  { query }: Asked,
  ids: readonly string[],
  read: (id: string) => Promise<Item | undefined>,
  most: number,
): Promise<JsonObject> {
  const limit = Number(query.get('limit') ?? Math.min(most, 20));
  if (!Number.isInteger(limit) || limit < 1 || limit > most)
    throw refuse(`limit must be a whole number from 1 to ${most}.`, 'limit');
  const order = query.get('order') ?? 'desc';
  if (order !== 'asc' && order !== 'desc') throw refuse('order must be asc or desc.', 'order');
  const sorted = order === 'asc' ? ids.toReversed() : ids;
  const after = query.get('after');
  const from = after === null ? 0 : sorted.indexOf(after) + 1;
  if (after !== null && from === 0) throw refuse(`There is no ${after.slice(0, 80)} of this key.`, 'after');
  const data: Item[] = [];
  let hasMore = false;
  for (const id of sorted.slice(from)) {
    const item = await read(id);
    if (item === undefined) continue;
    if (data.length === limit) {
      hasMore = true;
      break;
    }
    data.push(item);
  }
  const body = {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
  return body;
}

async function listFiles(asked: Asked): Promise<JsonObject> {
  const { store } = asked.batches;
  const purpose = asked.query.get('purpose');
  const read = async (id: string): Promise<FileObject | undefined> => {
    const file = await store.file(asked.owner, id);
    return purpose === null || file?.purpose === purpose ? file : undefined;
  };
  return page(asked, await store.fileIds(asked.owner), read, 10_000);
}

async function listBatches(asked: Asked): Promise<JsonObject> {
  const { store } = asked.batches;
  return page(asked, await store.batchIds(asked.owner), (id) => store.batch(asked.owner, id), 100);
}

async function sendContent(asked: Asked): Promise<undefined> {
  const { exchange, batches, owner } = asked;
  const file = await fileOf(asked);
  const stream = createReadStream(batches.store.filePath(owner, file.id));
  await new Promise<void>((resolve, reject) => {
    stream.once('open', () => resolve());
    stream.once('error', () => reject(refuse(`The file ${file.id} is gone.`, 'id', 404, 'not_found')));
  });
  const headers = [...baseHeaders(exchange), 'content-type', 'application/octet-stream'];
  exchange.res.writeHead(200, [...headers, 'content-length', `${file.bytes}`]);
  if (exchange.req.method === 'HEAD') {
    stream.destroy();
    exchange.res.end();
  } else pipeline(stream, exchange.res, () => {});
  return undefined;
}

async function deleteFile(asked: Asked): Promise<JsonObject> {
  const { batches, owner } = asked;
  const { id } = await fileOf(asked);
  for (const open of await batches.store.open()) {
    if (open.owner !== owner) continue;
    const batch = await batches.store.batch(owner, open.id);
    if (batch?.input_file_id === id && !ENDED.has(batch.status))
      throw refuse(`The file ${id} is the input of ${batch.id}, which has not ended; cancel that first.`, 'id', 409);
  }
  await batches.store.removeFile(owner, id);
  return { id, object: 'file', deleted: true };
}

function bodyOf({ context, req }: Exchange): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    readBody(req, Math.min(context.bodyLimitBytes, 1024 * 1024), (error, body) => {
      if (error !== undefined) return reject(error);
      try {
        const given = parseJsonBody(body);
        if (!isJsonObject(given)) throw refuse('The request body must be a JSON object.');
        resolve(given);
      } catch (thrown) {
        reject(thrown);
      }
    });
  });
}

const MOST_OPEN = 100;
const LONGEST_WINDOW_H = 168;

async function createBatch({ exchange, batches, owner }: Asked): Promise<JsonObject> {
  const { store } = batches;
  const { clock } = exchange.context;
  const given = await bodyOf(exchange);
  const { input_file_id: inputId, endpoint, completion_window: window } = given;
  if (typeof inputId !== 'string')
    throw refuse('input_file_id is required: the id of an uploaded file.', 'input_file_id');
  const known = BATCH_ENDPOINTS.find((path) => path === endpoint);
  if (known === undefined) throw refuse(`endpoint must be one of ${BATCH_ENDPOINTS.join(', ')}.`, 'endpoint');
  const hours = typeof window === 'string' ? Number(/^(\d{1,3})h$/.exec(window)?.[1]) : Number.NaN;
  if (!(hours >= 1 && hours <= LONGEST_WINDOW_H))
    throw refuse(
      `completion_window must be "24h", or other hours from "1h" to "${LONGEST_WINDOW_H}h".`,
      'completion_window',
    );
  const file = await store.file(owner, inputId);
  if (file === undefined) throw refuse(`There is no file ${inputId.slice(0, 80)} of this key.`, 'input_file_id');
  if (file.purpose !== 'batch') throw refuse(`The file ${inputId} is an output, no input.`, 'input_file_id');
  const open = (await store.open()).filter((one) => one.owner === owner).length;
  if (open >= MOST_OPEN)
    throw refuse(`This key has ${open} batches that have not ended, its limit.`, undefined, 429, 'too_many_batches');
  const now = Math.floor(clock.wallMs() / 1_000);
  const batch: BatchObject = {
    id: BatchStore.newId('batch_', clock.wallMs()),
    object: 'batch',
    endpoint: known,
    errors: null,
    input_file_id: inputId,
    completion_window: `${hours}h`,
    status: 'validating',
    output_file_id: null,
    error_file_id: null,
    created_at: now,
    in_progress_at: null,
    expires_at: now + hours * 3_600,
    finalizing_at: null,
    completed_at: null,
    failed_at: null,
    expired_at: null,
    cancelling_at: null,
    cancelled_at: null,
    request_counts: { total: 0, completed: 0, failed: 0 },
    metadata: metadataOf(given.metadata),
  };
  await store.addBatch(owner, batch);
  batches.runner.wake();
  return plain(batch);
}

function metadataOf(value: unknown): Record<string, string> | null {
  if (value === undefined || value === null) return null;
  const entries = isJsonObject(value) ? Object.entries(value) : undefined;
  const isFine = entries?.every(([name, text]) => name.length <= 64 && typeof text === 'string' && text.length <= 512);
  if (entries === undefined || isFine !== true || entries.length > 16)
    throw refuse('metadata holds up to 16 texts of up to 512 characters, under names of up to 64.', 'metadata');
  return Object.fromEntries(entries) as Record<string, string>;
}

async function cancelBatch(asked: Asked): Promise<JsonObject> {
  const { batches, owner } = asked;
  const batch = await batchOf(asked);
  if (ENDED.has(batch.status) || batch.status === 'finalizing')
    throw refuse(`The batch ${batch.id} is ${batch.status}; it cannot be cancelled any more.`, 'id', 409);
  await batches.store.askToCancel(owner, batch.id);
  batches.runner.wake();
  return plain(await batchOf(asked));
}
