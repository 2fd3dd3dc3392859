import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { configGateway } from './helpers/config-gateway.ts';
import { json, jsonOf, startRawVendor, type SeenRequest } from './helpers/raw-vendor.ts';
import { post, thrownBy } from './helpers/running-gateway.ts';

function answer(id: string, text: string) {
  return {
    id,
    object: 'response',
    created_at: 1,
    status: 'completed',
    model: 'gpt-5',
    output: [
      {
        type: 'message',
        id: 'msg_1',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text, annotations: [] }],
      },
    ],
    usage: { input_tokens: 3, output_tokens: 2, total_tokens: 5 },
  };
}

/** Keeps what it answered, by key; knows nothing of other accounts. */
async function keeper() {
  const kept = new Map<string, string>();
  let count = 0;
  const vendor = await startRawVendor((request: SeenRequest, res) => {
    const account = String(request.headers.authorization);
    const path = /^\/v1\/responses\/([^/?]+)/.exec(request.url);
    if (path !== null) {
      const id = path[1] ?? '';
      if (kept.get(id) !== account)
        return json(res, 404, { error: { message: `Response with id '${id}' not found.` } });
      if (request.method === 'DELETE') kept.delete(id);
      return json(
        res,
        200,
        request.method === 'DELETE' ? { id, object: 'response', deleted: true } : answer(id, 'kept'),
      );
    }
    const body = jsonOf(request);
    const previous = body.previous_response_id;
    if (typeof previous === 'string' && kept.get(previous) !== account) {
      const message = `Previous response with id '${previous}' not found.`;
      return json(res, 400, { error: { message, code: 'previous_response_not_found', param: 'previous_response_id' } });
    }
    if (body.user === 'limited' && account === 'Bearer k1') return json(res, 429, { error: { message: 'slow' } });
    const id = `resp_${++count}_${account.slice(-2)}`;
    if (body.store !== false) kept.set(id, account);
    json(res, 200, answer(id, previous === undefined ? 'first' : 'second'));
  });
  return { vendor, kept };
}

const entry = (name: string, url: string, keys: string, more = '') =>
  `[providers.models.openai.${name}]\nuri = "${url}/v1"\nmodel = "gpt-5"\nwire_api = "responses"\napi_keys = [${keys}]\n${more}\n`;

describe('a Responses conversation', () => {
  test('goes on with the key that holds it, though another is free', async () => {
    const { vendor } = await keeper();
    const { url } = await configGateway(entry('main', vendor.url, '"k1", "k2"'));
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 });
    const first = await client.responses.create({ model: 'gpt-5', input: 'a', user: 'limited' });
    expect(first.id).toBe('resp_1_k2');
    const second = await client.responses.create({ model: 'gpt-5', input: 'b', previous_response_id: first.id });
    expect(second.output_text).toBe('second');
    expect(vendor.requests.at(-1)?.headers.authorization).toBe('Bearer k2');
  });

  test('is read and deleted where it lies, and unknown afterwards', async () => {
    const { vendor, kept } = await keeper();
    const { url } = await configGateway(entry('main', vendor.url, '"k1", "k2"'));
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 });
    const first = await client.responses.create({ model: 'gpt-5', input: 'a', user: 'limited' });
    const { data, response } = await client.responses.retrieve(first.id).withResponse();
    expect(data.output_text).toBe('kept');
    expect(response.headers.get('x-standin-provider')).toBe('openai.main');
    expect(response.headers.get('x-standin-attempts')).toBe('1');
    await client.responses.delete(first.id);
    expect(kept.size).toBe(0);
    const gone = await thrownBy(() => client.responses.retrieve(first.id));
    expect(gone).toBeInstanceOf(OpenAI.NotFoundError);
  });

  test('that another process began is looked for at every key and vendor that keeps answers', async () => {
    const { vendor, kept } = await keeper();
    const other = await keeper();
    other.kept.set('resp_old', 'Bearer k4');
    const toml =
      entry('main', vendor.url, '"k1", "k2"', 'fallback = ["openai.spare"]') +
      entry('spare', other.vendor.url, '"k3", "k4"');
    const { url } = await configGateway(toml);
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 });
    const second = await client.responses.create({ model: 'gpt-5', input: 'b', previous_response_id: 'resp_old' });
    expect(second.id).toContain('k4');
    expect((await client.responses.retrieve('resp_old')).output_text).toBe('kept');
    kept.clear();
    const nowhere = await thrownBy(() =>
      client.responses.create({ model: 'gpt-5', input: 'b', previous_response_id: 'resp_nowhere' }),
    );
    expect(nowhere).toBeInstanceOf(OpenAI.BadRequestError);
    expect(await thrownBy(() => client.responses.retrieve('resp_nowhere'))).toBeInstanceOf(OpenAI.NotFoundError);
  });

  test('is never taken to a vendor that does not hold it', async () => {
    const { vendor } = await keeper();
    const chat = await startRawVendor((_request, res) =>
      json(res, 200, {
        id: 'c-1',
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
      }),
    );
    const toml =
      entry('main', vendor.url, '"k1"') +
      `[providers.models.custom.chat]\nuri = "${chat.url}/v1"\nmodel = "m"\napi_key = "k"\nwire_api = "chat_completions"\n`;
    const { url } = await configGateway(toml);
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 });
    const first = await client.responses.create({ model: 'gpt-5', input: 'a' });
    const moved = await thrownBy(() =>
      client.responses.create({ model: 'custom.chat', input: 'b', previous_response_id: first.id }),
    );
    expect(moved).toBeInstanceOf(OpenAI.BadRequestError);
    expect(String(moved)).toContain('openai.main');
    const unkept = await client.responses.create({ model: 'custom.chat', input: 'a' });
    const asked = await thrownBy(() =>
      client.responses.create({ model: 'gpt-5', input: 'b', previous_response_id: unkept.id }),
    );
    expect(asked).toMatchObject({ status: 400, code: 'previous_response_not_found', param: 'previous_response_id' });
    expect(String(asked)).toContain('custom.chat');
    const stateless = await client.responses.create({ model: 'gpt-5', input: 'a', store: false });
    const again = client.responses.create({ model: 'gpt-5', input: 'b', previous_response_id: stateless.id });
    expect(String(await thrownBy(() => again))).toContain('store');
    expect(chat.requests.length).toBe(1);
  });

  test('of one virtual key is not there for another', async () => {
    const { vendor } = await keeper();
    const { url, keys } = await configGateway(entry('main', vendor.url, '"k1"'), { callers: { a: {}, b: {} } });
    const as = (key: string | undefined) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
    const first = await as(keys.a).responses.create({ model: 'gpt-5', input: 'a' });
    const before = vendor.requests.length;
    const asked = { model: 'gpt-5', input: 'b', previous_response_id: first.id };
    expect(await thrownBy(() => as(keys.b).responses.create(asked))).toBeInstanceOf(OpenAI.NotFoundError);
    expect(await thrownBy(() => as(keys.b).responses.retrieve(first.id))).toBeInstanceOf(OpenAI.NotFoundError);
    expect(vendor.requests.length).toBe(before);
    expect((await as(keys.a).responses.create(asked)).output_text).toBe('second');
  });
});

describe('a file', () => {
  test('made through the gateway is named to the account that has it', async () => {
    const vendor = await startRawVendor((request, res) => {
      const [, account = ''] = /Bearer (.*)/.exec(String(request.headers.authorization)) ?? [];
      if (request.url === '/v1/files' && account === 'k1') return json(res, 429, { error: { message: 'slow' } });
      if (request.url === '/v1/files') return json(res, 200, { id: 'file-1', object: 'file' });
      json(res, 200, answer(`resp_${account}`, 'read'));
    });
    const { url } = await configGateway(entry('main', vendor.url, '"k1", "k2"'));
    await post(`${url}/passthrough/openai.main/v1/files`, 'a,b', { 'content-type': 'text/csv' });
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any', maxRetries: 0 });
    const read = await client.responses.create({
      model: 'gpt-5',
      input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'file-1' }] }],
    });
    expect(read.id).toBe('resp_k2');
  });
});
