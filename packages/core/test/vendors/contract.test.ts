import { describe, expect, it } from 'vitest';
import { isJsonObject } from '../../src/spec/json.ts';
import { Secret } from '../../src/spec/secret.ts';
import { WIRE_IDS, type WireId } from '../../src/spec/wire-id.ts';
import { authHeaders } from '../../src/vendors/auth-headers.ts';
import { createEndpoint, modelListPath } from '../../src/vendors/endpoint.ts';
import { allVendors, normalizeSlug, resolveSlug, vendorById } from '../../src/vendors/lookup.ts';
import type { VendorRow } from '../../src/vendors/row.ts';
import { endpointsFor, resolveBaseUrl } from '../../src/vendors/url.ts';
import { anthropicMessagesClient } from '../../src/wires/anthropic-messages/index.ts';
import { openaiChatClient } from '../../src/wires/openai-chat/index.ts';
import { DEFAULT_QUIRKS } from '../../src/wires/quirks.ts';
import type { WireClient } from '../../src/wires/wire.ts';

const CLIENTS: Partial<Record<WireId, WireClient>> = {
  'openai-chat': openaiChatClient,
  'anthropic-messages': anthropicMessagesClient,
};

const FIELDS = { resource: 'res', deployment: 'dep', project: 'proj', account_id: 'acct', gateway: 'gw' };

/** Slots that two generations of ZeroClaw and ZeptoClaw know. */
const PROMISED = `openai azure anthropic moonshot qwen glm minimax zai doubao yi hunyuan qianfan baichuan openrouter ollama gemini
  gemini_cli kilocli grok_cli bedrock telnyx together fireworks groq mistral deepseek cohere perplexity xai atomic_chat cerebras sambanova
  hyperbolic deepinfra huggingface ai21 reka baseten nscale anyscale friendli aihubmix astrai avian deepmyst novita vercel cloudflare
  synthetic lepton nebius siliconflow stepfun venice nearai atlascloud manifest morph github_models upstage featherless arcee lambda_ai
  inception nvidia ovh copilot lmstudio llamacpp sglang vllm osaurus litellm opencode kilo custom liquid vertex openai-codex claude-code`;

const KEYLESS = [
  'ollama',
  'lmstudio',
  'llamacpp',
  'sglang',
  'vllm',
  'osaurus',
  'litellm',
  'atomic_chat',
  'custom',
  'bedrock',
  'copilot',
];

function clientsOf(row: VendorRow): WireClient[] {
  return row.wires.flatMap((wire) => CLIENTS[wire] ?? []);
}

const rows = allVendors().map((row) => [row.id, row] as const);

describe('the table', () => {
  it('has every promised slot', () => {
    const missing = PROMISED.split(/\s+/).filter((id) => vendorById(id)?.id !== id);
    expect(missing).toEqual([]);
  });

  it('uses every spelling once', () => {
    const owners = new Map<string, string>();
    for (const [id, row] of rows) {
      for (const name of new Set([row.id, ...Object.keys(row.aliases)].map(normalizeSlug))) {
        expect(owners.get(name), `${name} of ${id}`).toBeUndefined();
        owners.set(name, id);
      }
    }
  });

  it('lets local and keyless slots be called without a key, and no other', () => {
    for (const id of KEYLESS) expect(vendorById(id)?.keyRequired, id).toBe(false);
    for (const id of ['openai', 'anthropic', 'groq', 'azure', 'moonshot'])
      expect(vendorById(id)?.keyRequired, id).toBe(true);
  });
});

describe.each(rows)('%s', (_id, row) => {
  it('is found by its id and by every alias, in a region it has', () => {
    expect(resolveSlug(row.id)?.row).toBe(row);
    for (const [alias, region] of Object.entries(row.aliases)) {
      const match = resolveSlug(alias);
      expect(match?.row, alias).toBe(row);
      expect(match?.region, alias).toBe(region);
      if (region !== undefined) expect(Object.keys(row.endpoints), alias).toContain(region);
    }
  });

  it('has well-formed addresses for every region and protocol', () => {
    const regions = Object.keys(row.endpoints);
    if (row.defaultEndpoint !== undefined) expect(regions).toContain(row.defaultEndpoint);
    if (regions.length > 1) expect(row.defaultEndpoint).toBeDefined();
    for (const wire of row.wires) {
      expect(WIRE_IDS).toContain(wire);
      for (const region of Object.keys(endpointsFor(row, wire))) {
        expect(regions).toContain(region);
        const base = resolveBaseUrl(row, region, undefined, wire, FIELDS);
        expect(base).toMatch(/^https?:\/\/[a-z0-9.:-]+(\/[^?\s]*[^/?\s])?(\?.+)?$/);
        expect(base).not.toMatch(/[{}]/);
        // Written back as `uri`, an address means itself.
        if (row.id !== 'ollama') expect(resolveBaseUrl(row, undefined, base, wire, FIELDS)).toBe(base);
      }
    }
    for (const region of Object.keys(row.regions ?? {})) expect(regions).toContain(region);
  });

  it('has well-formed facts', () => {
    expect(row.name).not.toBe('');
    expect(row.source).toMatch(/read 20\d\d-\d\d$/);
    const variables = [
      ...row.keyVariables,
      ...Object.values(row.regions ?? {}).flatMap((region) => region.keyVariables ?? []),
    ];
    for (const name of [...variables, ...Object.values(row.fieldVariables ?? {}).flat()])
      expect(name).toMatch(/^[A-Z][A-Z0-9_]+$/);
    if (row.keyRequired && row.auth !== 'oauth') expect(row.keyVariables.length).toBeGreaterThan(0);
    if (row.wires.length === 0) expect(row.unavailable).toMatch(/use the \S+ slot$/);
    const names = [...JSON.stringify([row.endpoints, row.wireEndpoints ?? {}]).matchAll(/\{(\w+)\}/g)].map(
      (match) => match[1],
    );
    for (const name of names) expect(row.fields).toContain(name);
    const list = modelListPath(row);
    if (list !== undefined) expect(list).toMatch(/^\/[a-z/]+$/);
  });

  it('names only quirks that exist, with values of their type', () => {
    const layers = [
      row.quirks,
      ...(row.modelRules ?? []).map((rule) => rule.quirks),
      ...Object.values(row.regions ?? {}).map((region) => region.quirks),
    ];
    for (const layer of layers) {
      for (const [name, value] of Object.entries(layer ?? {})) {
        expect(Object.keys(DEFAULT_QUIRKS)).toContain(name);
        const normal: unknown = DEFAULT_QUIRKS[name as keyof typeof DEFAULT_QUIRKS];
        if (normal !== undefined) expect(typeof value, name).toBe(typeof normal);
      }
    }
  });

  it('carries the key in its own way and nowhere else', () => {
    const secret = new Secret('test-key-0123456789');
    for (const wire of row.wires) {
      const scheme = row.wireAuth?.[wire] ?? row.auth;
      const headers = authHeaders(scheme, secret, 0);
      const names = { 'x-api-key': 'x-api-key', 'api-key': 'api-key', 'x-goog-api-key': 'x-goog-api-key' } as Record<
        string,
        string
      >;
      const name = names[scheme] ?? 'authorization';
      expect(Object.keys(headers)).toEqual([name]);
      expect(headers[name]).toContain(secret.reveal());
    }
  });

  it('encodes a call over each protocol that is there', () => {
    for (const client of clientsOf(row)) {
      const endpoint = createEndpoint({
        entry: `${row.id}.test`,
        row,
        wire: client,
        fields: FIELDS,
        uri: row.id === 'custom' ? 'http://h:1' : undefined,
      });
      const model = row.defaultModel ?? 'some-model';
      const quirks = endpoint.quirksFor(model);
      const call = client.encode(
        { messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }], maxTokens: 10 },
        { model, quirks, issuer: `${row.id}:${model}`, defaults: endpoint.defaults },
        'stream',
      );
      const body: unknown = JSON.parse(call.body);
      expect(isJsonObject(body) && body['model']).toBe(model);
      expect(isJsonObject(body) && body['stream']).toBe(true);
      const url = new URL(endpoint.urlFor(call.path));
      expect(url.pathname).toMatch(client.id === 'openai-chat' ? /\/chat\/completions$/ : /\/v\d\/messages$/);
      const headers = endpoint.headersFor({ fingerprint: 'f', secret: new Secret('k-123456789') });
      for (const [name, value] of Object.entries({ ...row.headers })) expect(headers[name]).toBe(value);
      expect(Object.keys(headers).every((name) => name === name.toLowerCase())).toBe(true);
    }
  });
});
