import { GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI, { toFile } from 'openai';
import { describe, expect, test } from 'vitest';
import { configGateway } from './helpers/config-gateway.ts';
import { json, jsonOf, startRawVendor } from './helpers/raw-vendor.ts';
import { post, thrownBy } from './helpers/running-gateway.ts';

const VECTORS = {
  object: 'list',
  model: 'text-embedding-3-small',
  data: [{ object: 'embedding', index: 0, embedding: [0.25, -0.5, 1] }],
  usage: { prompt_tokens: 8, total_tokens: 8 },
};

function entry(name: string, url: string, more = ''): string {
  return `[providers.models.${name}]\nuri = "${url}"\n${more}\n`;
}

describe('OpenAI embeddings', () => {
  test('reach the vendor as they came, with our key, and come back with usage, cost and a row', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const { url, rows } = await configGateway(
      entry(
        'openai.main',
        `${vendor.url}/v1`,
        'api_key = "sk-vendor"\nmodel = "gpt-4o"\npricing = { "text-embedding-3-small.input" = 20.0 }',
      ),
    );
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller' });
    const { data, response } = await client.embeddings
      .create({ model: 'text-embedding-3-small', input: ['north', 'süd'], encoding_format: 'float', user: 'u-1' })
      .withResponse();
    expect(data.data[0]?.embedding).toEqual([0.25, -0.5, 1]);
    const [seen] = vendor.requests;
    expect(seen?.url).toBe('/v1/embeddings');
    expect(seen?.headers.authorization).toBe('Bearer sk-vendor');
    expect(seen === undefined ? {} : jsonOf(seen)).toEqual({
      model: 'text-embedding-3-small',
      input: ['north', 'süd'],
      encoding_format: 'float',
      user: 'u-1',
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'x-request-id': expect.stringMatching(/^req_/) as string,
      'x-standin-provider': 'openai.main',
      'x-standin-model': 'text-embedding-3-small',
      'x-standin-attempts': '1',
      'x-standin-cost-usd': '0.000160000',
    });
    expect(rows()).toMatchObject([
      { outcome: 'ok', model: 'text-embedding-3-small', input_tokens: 8, output_tokens: 0, cost_nano_usd: 160_000 },
    ]);
  });

  test('rotate keys, wait out a bad moment, and keep our keys out of what callers see', async () => {
    const vendor = await startRawVendor((request, res, count) => {
      if (request.headers.authorization === 'Bearer sk-first')
        return json(res, 429, {
          error: { message: 'slow down sk-first', type: 'requests', code: 'rate_limit_exceeded' },
        });
      if (count === 2) return json(res, 503, { error: { message: 'overloaded' } });
      json(res, 200, VECTORS);
    });
    const { url, rows } = await configGateway(
      entry('openai.main', `${vendor.url}/v1`, 'api_keys = ["sk-first", "sk-second"]\nmodel = "gpt-4o"'),
    );
    const response = await post(`${url}/v1/embeddings`, { model: 'openai.main/text-embedding-3-large', input: 'x' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-standin-attempts')).toBe('3');
    expect(vendor.requests.map((one) => one.headers.authorization)).toEqual([
      'Bearer sk-first',
      'Bearer sk-second',
      'Bearer sk-second',
    ]);
    expect(vendor.requests.map((one) => jsonOf(one).model)).toEqual(Array(3).fill('text-embedding-3-large'));
    expect(rows()[0]).toMatchObject({ attempts: 3, outcome: 'ok' });
  });

  test('fall back to the same model elsewhere, never to another one', async () => {
    const down = await startRawVendor((_request, res) => json(res, 503, { error: { message: 'down' } }));
    const same = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const other = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const toml = [
      entry(
        'custom.one',
        `${down.url}/v1`,
        'api_key = "k1"\nmodel = "bge-m3"\nfallback = ["custom.two", "custom.three"]',
      ),
      entry('custom.two', `${other.url}/v1`, 'api_key = "k2"\nmodel = "other-model"'),
      entry('custom.three', `${same.url}/v1`, 'api_key = "k3"\nmodel = "bge-m3"'),
    ].join('');
    const { url } = await configGateway(toml);
    const response = await post(`${url}/v1/embeddings`, { model: 'bge-m3', input: 'x' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-standin-provider')).toBe('custom.three');
    expect(other.requests.length).toBe(0);
  });

  test('of a name that leads to another protocol go to the entry that speaks this one, else say so', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const anthropic = entry('anthropic.main', 'http://127.0.0.1:9', 'api_key = "k"\nmodel = "claude-sonnet-4-5"');
    const both = await configGateway(
      anthropic + entry('openai.second', `${vendor.url}/v1`, 'api_key = "k2"\nmodel = "gpt-4o"'),
    );
    const found = await post(`${both.url}/v1/embeddings`, { model: 'text-embedding-3-small', input: 'x' });
    expect(found.headers.get('x-standin-provider')).toBe('openai.second');
    const alone = await configGateway(anthropic);
    const response = await post(`${alone.url}/v1/embeddings`, { model: 'text-embedding-3-small', input: 'x' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { param: 'model', message: expect.stringContaining('anthropic.main') as string },
    });
  });

  test('a refusal of the request comes back in the vendor’s words; of our key, as our own failure', async () => {
    const refusal = { error: { message: 'input too long', type: 'invalid_request_error', param: 'input', code: 'x1' } };
    const vendor = await startRawVendor((_request, res, count) =>
      count === 1 ? json(res, 400, refusal) : json(res, 401, { error: { message: 'bad key sk-vendor-secret' } }),
    );
    const { url, rows } = await configGateway(
      entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk-vendor-secret"\nmodel = "gpt-4o"'),
    );
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller' });
    const ask = () => client.embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
    const first = await thrownBy(ask);
    expect(first).toBeInstanceOf(OpenAI.BadRequestError);
    expect(first).toMatchObject({ param: 'input', code: 'x1' });
    const second = (await thrownBy(ask)) as InstanceType<typeof OpenAI.APIError>;
    expect(second.status).toBe(502);
    expect(JSON.stringify([second.error, second.message])).not.toContain('sk-vendor-secret');
    expect(vendor.requests.length).toBe(2);
    expect(rows().map((row) => row.status)).toEqual([502, 400]);
  });

  test('a cut or broken document was no answer', async () => {
    const vendor = await startRawVendor((_request, res, count) => {
      if (count === 3) return json(res, 200, VECTORS);
      res.writeHead(200, { 'content-type': 'application/json', ...(count === 1 ? { 'content-length': '500' } : {}) });
      res.write('{"object":"list","data":[');
      if (count === 1) setImmediate(() => res.destroy());
      else res.end();
    });
    const { url } = await configGateway(entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk"\nmodel = "gpt-4o"'));
    const response = await post(`${url}/v1/embeddings`, { model: 'text-embedding-3-small', input: 'x' });
    expect(await response.json()).toEqual(VECTORS);
    expect(vendor.requests.length).toBe(3);
  });

  test.each([
    ['not json', 'nope', 400],
    ['no object', '[]', 400],
    ['no model', { input: 'x' }, 400],
    ['a model of another type', { model: 7, input: 'x' }, 400],
  ])('%s is a 400 in OpenAI’s shape, and no vendor hears of it', async (_what, body, status) => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const { url } = await configGateway(entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk"\nmodel = "gpt-4o"'));
    const response = await post(`${url}/v1/embeddings`, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) as string } });
    expect(vendor.requests.length).toBe(0);
  });
});

describe('other endpoints of OpenAI', () => {
  test('an audio file goes up byte for byte, under the model the entry names', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, { text: 'hello there' }));
    const { url } = await configGateway(entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk"\nmodel = "gpt-4o"'));
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller' });
    const bytes = Buffer.from([0, 255, 13, 10, 13, 10, 45, 45, 0, 1]);
    const answer = await client.audio.transcriptions.create({
      model: 'openai.main/whisper-1',
      file: await toFile(bytes, 'a.wav'),
    });
    expect(answer.text).toBe('hello there');
    const [seen] = vendor.requests;
    expect(seen?.url).toBe('/v1/audio/transcriptions');
    expect(seen?.body.includes(bytes)).toBe(true);
    expect(seen?.body.toString('latin1')).toContain('name="model"\r\n\r\nwhisper-1\r\n');
  });

  test('speech comes back as it is; moderations without a model bring none of ours', async () => {
    const sound = Buffer.from(Array.from({ length: 70_000 }, (_, at) => at % 251));
    const vendor = await startRawVendor((request, res) => {
      if (request.url === '/v1/moderations') return json(res, 200, { id: 'modr-1', model: 'm', results: [] });
      res.writeHead(200, { 'content-type': 'audio/mpeg', 'set-cookie': 'a=1', 'openai-organization': 'org-secret' });
      res.write(sound.subarray(0, 30_000));
      res.end(sound.subarray(30_000));
    });
    const { url } = await configGateway(entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk"\nmodel = "gpt-4o"'));
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller' });
    const speech = await client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hi' });
    expect(Buffer.from(await speech.arrayBuffer()).equals(sound)).toBe(true);
    expect(speech.headers.get('set-cookie')).toBeNull();
    expect(speech.headers.get('openai-organization')).toBeNull();
    await client.moderations.create({ input: 'x' });
    expect(vendor.requests.map((one) => (one.url === '/v1/moderations' ? jsonOf(one) : {}))[1]).toEqual({ input: 'x' });
  });

  test('an old completion streams through', async () => {
    const vendor = await startRawVendor((_request, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const text of ['a', 'b'])
        res.write(`data: {"id":"c","object":"text_completion","choices":[{"text":"${text}","index":0}]}\n\n`);
      res.end('data: {"id":"c","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]\n\n');
    });
    const { url, rows } = await configGateway(
      entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk"\nmodel = "gpt-4o"'),
    );
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-caller' });
    let text = '';
    for await (const one of await client.completions.create({
      model: 'gpt-3.5-turbo-instruct',
      prompt: 'x',
      stream: true,
    }))
      text += one.choices[0]?.text ?? '';
    expect(text).toBe('ab');
    expect(rows()[0]).toMatchObject({ mode: 'stream', input_tokens: 3, output_tokens: 2 });
  });
});

describe('embeddings of other protocols', () => {
  test('Ollama, new and old, by its client', async () => {
    const vendor = await startRawVendor((request, res) =>
      request.url === '/api/embed'
        ? json(res, 200, { model: 'nomic', embeddings: [[1, 2]], prompt_eval_count: 4 })
        : json(res, 200, { embedding: [3, 4] }),
    );
    const { url, rows } = await configGateway(entry('ollama.box', vendor.url, 'model = "llama3.2"'));
    const client = new Ollama({ host: url });
    const answer = await client.embed({ model: 'ollama.box/nomic-embed-text', input: 'x' });
    expect(answer.embeddings).toEqual([[1, 2]]);
    expect((await client.embeddings({ model: 'nomic-embed-text', prompt: 'x' })).embedding).toEqual([3, 4]);
    expect(vendor.requests.map((one) => [one.url, jsonOf(one).model])).toEqual([
      ['/api/embed', 'nomic-embed-text'],
      ['/api/embeddings', 'nomic-embed-text'],
    ]);
    expect(rows().at(-1)).toMatchObject({ protocol: 'ollama-chat', input_tokens: 4 });
  });

  test('an OpenAI client reaches an Ollama server’s own embeddings', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const { url } = await configGateway(entry('ollama.box', vendor.url, 'model = "llama3.2"'));
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'any' });
    await client.embeddings.create({ model: 'nomic-embed-text', input: 'x' });
    expect(vendor.requests[0]?.url).toBe('/v1/embeddings');
  });

  test('Google, one and many, by its client', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, { embeddings: [{ values: [5, 6] }] }));
    const { url } = await configGateway(
      entry('gemini.main', `${vendor.url}/v1beta`, 'api_key = "g-key"\nmodel = "gemini-2.5-flash"'),
    );
    const client = new GoogleGenAI({ apiKey: 'caller', httpOptions: { baseUrl: url } });
    const answer = await client.models.embedContent({ model: 'gemini-embedding-001', contents: ['a', 'b'] });
    expect(answer.embeddings?.[0]?.values).toEqual([5, 6]);
    const named = { requests: [{ model: 'models/x', content: { parts: [{ text: 'a' }] } }] };
    await post(`${url}/v1beta/models/gemini.main%2Fgemini-embedding-001:batchEmbedContents`, named);
    expect(vendor.requests.map((one) => one.url)).toEqual([
      '/v1beta/models/gemini-embedding-001:batchEmbedContents',
      '/v1beta/models/gemini-embedding-001:batchEmbedContents',
    ]);
    expect(vendor.requests[0]?.headers['x-goog-api-key']).toBe('g-key');
    const second = vendor.requests[1];
    expect(second === undefined ? {} : jsonOf(second)).toMatchObject({
      requests: [{ model: 'models/gemini-embedding-001' }],
    });
  });
});

describe('limits of embeddings', () => {
  test('a key may use the models it names only', async () => {
    const vendor = await startRawVendor((_request, res) => json(res, 200, VECTORS));
    const { url, keys } = await configGateway(
      entry('openai.main', `${vendor.url}/v1`, 'api_key = "sk"\nmodel = "gpt-4o"'),
      { callers: { ci: { models: ['text-embedding-*'] } } },
    );
    const ask = (model: string) =>
      post(`${url}/v1/embeddings`, { model, input: 'x' }, { authorization: `Bearer ${keys.ci}` });
    expect((await ask('text-embedding-3-small')).status).toBe(200);
    expect((await ask('other')).status).toBe(403);
    expect((await post(`${url}/v1/embeddings`, { model: 'other', input: 'x' })).status).toBe(401);
  });
});
