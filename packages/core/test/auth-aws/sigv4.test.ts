import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { createHash, createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { Secret } from '../../src/spec/secret.ts';
import { signV4, type AwsCredentials } from '../../src/auth/aws/sigv4.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const credentials: AwsCredentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: new Secret(SECRET) };
const nowMs = Date.UTC(2026, 10, 20, 12, 0, 0);
const body = '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}';
const host = 'https://bedrock-runtime.us-east-1.amazonaws.com';

function signatureOf(path: string, keys = credentials): string {
  const call = { method: 'POST', url: host + path, headers: { 'content-type': 'application/json' }, body };
  const { authorization } = signV4(call, keys, { region: 'us-east-1', service: 'bedrock', nowMs });
  return /Signature=([0-9a-f]{64})$/.exec(authorization ?? '')?.[1] ?? '';
}

/** The official signer is no dependency of ours by name; it comes with the official client. */
async function officialSignature(call: Call, keys: AwsCredentials): Promise<Record<string, string>> {
  const require = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime'));
  const { SignatureV4 } = require('@smithy/signature-v4');
  const url = new URL(call.url);
  const signer = new SignatureV4({
    service: 'bedrock',
    region: 'eu-west-3',
    credentials: {
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey.reveal(),
      sessionToken: keys.sessionToken?.reveal(),
    },
    sha256: NodeSha256,
  });
  const signed = await signer.sign(
    {
      method: call.method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: { ...call.headers, host: url.host },
      body: call.body,
    },
    { signingDate: new Date(nowMs) },
  );
  return signed.headers;
}

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** What the official signer wants as its hash. */
class NodeSha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
  constructor(secret?: string | Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

describe('signing a call', () => {
  it('gives the known answers', () => {
    expect(signatureOf('/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse')).toBe(
      '49db8edf74b8d2ff6127a6caf435d2515980985d03154671ebeaaa2b845cad03',
    );
    const temporary = { ...credentials, sessionToken: new Secret('TOKEN/abc+==') };
    expect(signatureOf('/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream', temporary)).toBe(
      '7e90ab26206a0ae2cc6cfa0082711e2d679b2b6a5f06349c79f2a527cce77e6c',
    );
    const profile = 'arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123';
    expect(signatureOf(`/model/${profile}/converse`)).toBe(
      '0f66022b30f6bbd0757659745d1a7404735fd1a44c86ba1310c6c2095a540d55',
    );
  });

  it('agrees with the official signer for any model id, body, port, query and token', async () => {
    const anyCall = fc.record({
      model: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' }),
      body: fc.string({ maxLength: 60, unit: 'grapheme' }),
      port: fc.constantFrom('', ':8443'),
      query: fc.constantFrom('', '?a=1&b=x%20y', '?z=&a=%2F'),
      token: fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,40}$/), { nil: undefined }),
      type: fc.constantFrom('application/json', 'application/json;  charset=utf-8'),
    });
    await fc.assert(
      fc.asyncProperty(anyCall, async (given) => {
        const url = `https://example.com${given.port}/model/${encodeURIComponent(given.model)}/converse${given.query}`;
        const keys = {
          ...credentials,
          ...(given.token === undefined ? {} : { sessionToken: new Secret(given.token) }),
        };
        const call = { method: 'POST', url, headers: { 'content-type': given.type }, body: given.body };
        const ours = signV4(call, keys, { region: 'eu-west-3', service: 'bedrock', nowMs });
        expect(ours['authorization']).toBe((await officialSignature(call, keys))['authorization']);
      }),
      { numRuns: 100 },
    );
  });

  it('leaves headers that proxies may change out of the signature', () => {
    const call = { method: 'POST', url: `${host}/model/m/converse`, headers: {}, body };
    const scope = { region: 'us-east-1', service: 'bedrock', nowMs };
    const plain = signV4(call, credentials, scope);
    const extra = signV4({ ...call, headers: { 'user-agent': 'x', 'X-Team': 'a' } }, credentials, scope);
    expect(extra).toEqual(plain);
    const amz = signV4({ ...call, headers: { 'X-Amzn-Team': 'a', 'X-Amz-Target': 'b' } }, credentials, scope);
    expect(amz['authorization']).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-target,');
  });

  it('never shows the secret or the token in what it returns about the key', () => {
    const signed = signV4({ method: 'POST', url: `${host}/model/m/converse`, headers: {}, body }, credentials, {
      region: 'us-east-1',
      service: 'bedrock',
      nowMs,
    });
    expect(JSON.stringify(signed)).not.toContain(SECRET);
    expect(JSON.stringify(credentials)).not.toContain(SECRET);
  });
});
