import { createRequire } from 'node:module';
import { createHash, createHmac } from 'node:crypto';
import { createStandin } from '@standin/core';
import { Secret, type AttemptRecord } from '@standin/core/spec/index';
import { startSimulator, type RecordedRequest, type Simulator } from '@standin/simulator';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configToml, run, workspace } from './support.ts';

const ID = 'AKIAPLANTED0000EXAMPLE';
const SECRET = 'planted/secret+0123456789abcdefghijklmnop';
const TOKEN = 'planted-session-token==';
const MODEL = 'anthropic.claude-sonnet-4-5-20250929-v1:0';
const TEXT = 'Der Fluß — 流れ 🏞️ — runs on.';

let simulator: Simulator;
let files: Awaited<ReturnType<typeof workspace>>;

beforeAll(async () => {
  simulator = await startSimulator();
  files = await workspace({
    'standin.toml': configToml(
      { 'bedrock.main': { uri: simulator.url, model: MODEL, region: 'eu-west-3' } },
      '[reliability]\nprovider_retries = 0',
    ),
    'elsewhere.toml': configToml({ 'aws-bedrock.main': { model: MODEL } }),
    credentials: `[team]\naws_access_key_id = ${ID}\naws_secret_access_key = ${SECRET}\n`,
    config: '[profile team]\nregion = ap-southeast-2\n',
  });
});
afterAll(async () => {
  await Promise.all([simulator.close(), files.remove()]);
});
beforeEach(() => {
  simulator.reset();
  simulator.setScript({ defaults: { text: TEXT } });
});

const quiet = { AWS_EC2_METADATA_DISABLED: 'true' };
const keys = { ...quiet, AWS_ACCESS_KEY_ID: ID, AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: TOKEN };
const agent = (env: Readonly<Record<string, string>>, ...more: readonly string[]) =>
  run(['agent', '-m', 'hi', ...more], { cwd: files.dir, env });

/** What the official signer makes of a request that arrived, for the key it should have been signed with. */
async function officialAuthorization(request: RecordedRequest, region: string, sessionToken?: string): Promise<string> {
  const { SignatureV4 } = createRequire(createRequire(import.meta.url).resolve('@aws-sdk/client-bedrock-runtime'))(
    '@smithy/signature-v4',
  );
  const { headers } = request;
  const stamp = headers['x-amz-date'] ?? '';
  const date = stamp.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z');
  const credentials = { accessKeyId: ID, secretAccessKey: SECRET, sessionToken };
  const signer = new SignatureV4({ service: 'bedrock', region, credentials, sha256: NodeSha256 });
  const given = { host: headers['host'], 'content-type': headers['content-type'] };
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname: '',
      path: request.path,
      query: {},
      headers: given,
      body: request.rawBody,
    },
    { signingDate: new Date(date) },
  );
  return signed.headers.authorization;
}

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

describe('an entry on Bedrock', () => {
  it('answers the command, streamed and whole, over calls that the official signer would sign alike', async () => {
    for (const mode of ['--stream', '--no-stream']) {
      expect(await agent(keys, mode)).toEqual({ code: 0, signal: null, stdout: `${TEXT}\n`, stderr: '' });
    }
    expect(simulator.requests.map(({ path }) => path)).toEqual([
      `/model/${encodeURIComponent(MODEL)}/converse-stream`,
      `/model/${encodeURIComponent(MODEL)}/converse`,
    ]);
    for (const request of simulator.requests) {
      expect(request.headers['x-amz-security-token']).toBe(TOKEN);
      expect(request.headers['authorization']).toBe(await officialAuthorization(request, 'eu-west-3', TOKEN));
    }
  });

  it('takes keys, region and address from where AWS programs have them', async () => {
    const env = {
      ...quiet,
      AWS_PROFILE: 'team',
      AWS_SHARED_CREDENTIALS_FILE: files.path('credentials'),
      AWS_CONFIG_FILE: files.path('config'),
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: simulator.url,
    };
    const { code, stdout } = await agent(env, '--config', files.path('elsewhere.toml'));
    expect([code, stdout]).toEqual([0, `${TEXT}\n`]);
    const [request] = simulator.requests;
    expect(request?.headers['authorization']).toContain(`Credential=${ID}/`);
    expect(request?.headers['authorization']).toContain('/ap-southeast-2/bedrock/');
  });

  it('prefers a Bedrock key, which goes as Bearer', async () => {
    await agent({ ...keys, AWS_BEARER_TOKEN_BEDROCK: 'planted-bedrock-key' });
    expect(simulator.requests[0]?.headers['authorization']).toBe('Bearer planted-bedrock-key');
    expect(simulator.requests[0]?.headers).not.toHaveProperty('x-amz-date');
  });

  it('says where it looked when there are no credentials, and asks nobody', async () => {
    const { code, stderr } = await agent(quiet);
    expect(code).not.toBe(0);
    expect(stderr).toContain('AWS_ACCESS_KEY_ID is not set');
    expect(stderr).toContain('aws configure');
    expect(simulator.requests).toEqual([]);
  });

  it('never shows a key, though the service quotes the call', async () => {
    const echo = `The Canonical String for this request should have been: x-amz-security-token:${TOKEN} ${SECRET}`;
    simulator.setScript({ defaults: { error: { status: 403, type: 'InvalidSignatureException', message: echo } } });
    const { code, stdout, stderr } = await agent(keys);
    expect(code).not.toBe(0);
    expect(stderr).toContain('The Canonical String');
    expect(stdout + stderr).not.toMatch(/planted|AKIAPLANTED/);
  });

  it('keeps the fingerprint of the access key in its records', async () => {
    const attempts: AttemptRecord[] = [];
    const env = { ...keys, HOME: files.dir };
    const standin = await createStandin({ configPath: files.path('standin.toml'), env });
    const answer = standin.chat(
      { messages: [{ role: 'user', content: 'hi' }] },
      { onAttempt: (one) => attempts.push(one) },
    );
    for await (const _event of answer);
    standin.close();
    expect(attempts.map(({ key, outcome }) => [key, outcome])).toEqual([[new Secret(ID).fingerprint, 'ok']]);
  });

  it('looks for new credentials once when they were refused, and goes on', async () => {
    simulator.failNext({
      error: {
        status: 403,
        type: 'ExpiredTokenException',
        message: 'The security token included in the request is expired',
      },
    });
    const { code, stdout } = await agent(keys);
    expect([code, stdout]).toEqual([0, `${TEXT}\n`]);
    expect(simulator.requests).toHaveLength(2);
  });

  it('fails clearly when the stream ends in an exception before any text', async () => {
    simulator.setScript({ defaults: { fault: 'error-event', error: 'rate', atEvents: 1 } });
    const { code, stderr } = await agent(keys);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/rate/i);
  });
});
