import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { awsFingerprint, createAwsChain } from '../../src/auth/aws/chain.ts';
import { awsRegion, bedrockEndpointUrl, regionOfHost } from '../../src/auth/aws/region.ts';
import { Secret } from '../../src/spec/secret.ts';
import { NOW, play, serve, type Asked, type PlayedServer } from './world.ts';

const CONFIG = '/home/me/.aws/config';
const CREDENTIALS = '/home/me/.aws/credentials';
const SECRET = 'planted/secret+0123456789abcdefghijklmnop';
const at = (ms: number): string => new Date(NOW + ms).toISOString();

const servers: PlayedServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
async function started(answer: Parameters<typeof serve>[0]): Promise<PlayedServer> {
  const server = await serve(answer);
  servers.push(server);
  return server;
}

/** What is found, in plain words. */
async function found(world: ReturnType<typeof play>) {
  const { credentials, source } = await createAwsChain(world).get();
  const { accessKeyId: id, secretAccessKey, sessionToken, expiresMs } = credentials;
  return { id, secret: secretAccessKey.reveal(), token: sessionToken?.reveal(), expiresMs, source };
}

async function failure(world: ReturnType<typeof play>): Promise<{ kind: string; message: string; status?: number }> {
  const error: unknown = await createAwsChain(world)
    .get()
    .then(() => undefined)
    .catch((thrown: unknown) => thrown);
  expect(JSON.stringify(error)).not.toContain('planted');
  return error as { kind: string; message: string };
}

describe('AWS credentials', () => {
  it('are taken from the variables first', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIA1', AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: 'tok' };
    const world = play({ ...env, AWS_PROFILE: 'work' }, { [CREDENTIALS]: '[work]\naws_access_key_id=AKIA2\n' });
    expect(await found(world)).toMatchObject({
      id: 'AKIA1',
      secret: SECRET,
      token: 'tok',
      source: 'AWS_ACCESS_KEY_ID',
    });
  });

  it('are read from the chosen profile, the credentials file over the config file', async () => {
    const files = {
      [CONFIG]:
        '[default]\nregion = eu-west-1\n[profile work]\naws_access_key_id = AKIACONFIG\nregion=ap-south-1 # near\n',
      [CREDENTIALS]: `; mine\r\n[default]\r\naws_access_key_id = AKIADEF\r\naws_secret_access_key = d${SECRET}\r\n\r\n[work]\r\naws_access_key_id=AKIAWORK\r\naws_secret_access_key=${SECRET}\r\naws_session_token = t==\r\n`,
    };
    expect(await found(play({}, files))).toMatchObject({ id: 'AKIADEF', secret: `d${SECRET}`, token: undefined });
    const work = play({ AWS_PROFILE: 'work' }, files);
    expect(await found(work)).toMatchObject({ id: 'AKIAWORK', secret: SECRET, token: 't==', source: 'profile "work"' });
    expect(awsRegion(work)).toBe('ap-south-1');
    expect(awsRegion(play({ AWS_REGION: 'us-west-2', AWS_PROFILE: 'work' }, files))).toBe('us-west-2');
  });

  it('come from files that variables name', async () => {
    const env = { AWS_SHARED_CREDENTIALS_FILE: '/etc/creds', AWS_CONFIG_FILE: '~/my-config' };
    const world = play(env, {
      '/etc/creds': `[default]\naws_access_key_id=AKIA3\naws_secret_access_key=${SECRET}\n`,
      '/home/me/my-config': '[default]\nregion=sa-east-1\n',
    });
    expect(await found(world)).toMatchObject({ id: 'AKIA3' });
    expect(awsRegion(world)).toBe('sa-east-1');
  });

  it('say which places were tried and what to do', async () => {
    const { kind, message, status } = await failure(play({ AWS_ACCESS_KEY_ID: 'AKIA1' }));
    expect(kind).toBe('auth');
    expect(status).toBeUndefined();
    for (const words of [
      'AWS_SECRET_ACCESS_KEY is not set',
      CREDENTIALS,
      'AWS_WEB_IDENTITY_TOKEN_FILE',
      'AWS_CONTAINER',
      'AWS_EC2_METADATA_DISABLED',
      'aws configure',
      'AWS_BEARER_TOKEN_BEDROCK',
    ])
      expect(message).toContain(words);
  });

  it('never fall back from a profile that was asked for and is missing', async () => {
    const world = play({ AWS_PROFILE: 'wrok' }, { [CONFIG]: '[profile work]\nregion=x\n' });
    expect((await failure(world)).message).toMatch(/"wrok".*known profiles: work/s);
  });
});

describe('credential_process', () => {
  const files = { [CONFIG]: '[profile p]\ncredential_process = /opt/get creds --json\n' };
  const output = (id: string, ms?: number): string =>
    JSON.stringify({
      Version: 1,
      AccessKeyId: id,
      SecretAccessKey: SECRET,
      ...(ms === undefined ? {} : { Expiration: at(ms) }),
    });

  it('is run once until a minute before its credentials end, however many calls wait', async () => {
    const world = play({ AWS_PROFILE: 'p' }, files);
    const chain = createAwsChain(world);
    world.output = output('AKIA1', 3_600_000);
    const all = await Promise.all(Array.from({ length: 20 }, () => chain.get()));
    expect(new Set(all.map(({ credentials }) => credentials.accessKeyId))).toEqual(new Set(['AKIA1']));
    expect(world.commands).toEqual(['/opt/get creds --json']);
    world.advance(3_539_000);
    await chain.get();
    expect(world.commands).toHaveLength(1);
    world.output = output('AKIA2', 9_000_000);
    world.advance(1_001);
    expect((await chain.get()).credentials.accessKeyId).toBe('AKIA2');
    expect(world.commands).toHaveLength(2);
  });

  it('is run again when its credentials were refused', async () => {
    const world = play({ AWS_PROFILE: 'p' }, files);
    const chain = createAwsChain(world);
    world.output = output('AKIA1');
    await chain.get();
    world.output = output('AKIA2');
    expect((await chain.get()).credentials.accessKeyId).toBe('AKIA1');
    expect((await chain.get({ renew: true })).credentials.accessKeyId).toBe('AKIA2');
  });

  it('may fail for a while as long as the last credentials hold', async () => {
    const world = play({ AWS_PROFILE: 'p' }, files);
    const chain = createAwsChain(world);
    world.output = output('AKIA1', 100_000);
    await chain.get();
    world.output = new Error(`planted ${SECRET}`);
    world.advance(50_000);
    expect((await chain.get()).credentials.accessKeyId).toBe('AKIA1');
    world.advance(50_000);
    await expect(chain.get()).rejects.toMatchObject({ kind: 'auth' });
  });

  it.each([['not json'], ['{"Version":2}'], ['{"Version":1}'], [output('A', -1)]])(
    'that writes %s fails clearly',
    async (text) => {
      const world = play({ AWS_PROFILE: 'p' }, files);
      world.output = text;
      expect((await failure(world)).message).toMatch(/credential_process of profile "p" wrote/);
    },
  );
});

describe('SSO', () => {
  const config = (region = 'eu-west-1'): string =>
    `[profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Builder\n[sso-session corp]\nsso_region = ${region}\nsso_start_url = https://corp.example.com/start\n`;
  const cache = (name: string): string =>
    `/home/me/.aws/sso/cache/${createHash('sha1').update(name).digest('hex')}.json`;
  const token = (ms: number): string => JSON.stringify({ accessToken: 'planted-sso-token', expiresAt: at(ms) });

  it('trades the cached token for the credentials of the role', async () => {
    const portal = await started(({ headers }) =>
      headers['x-amz-sso_bearer_token'] === 'planted-sso-token'
        ? {
            text: JSON.stringify({
              roleCredentials: {
                accessKeyId: 'ASIA1',
                secretAccessKey: SECRET,
                sessionToken: 's',
                expiration: NOW + 60_000,
              },
            }),
          }
        : undefined,
    );
    const env = { AWS_PROFILE: 'dev', AWS_ENDPOINT_URL_SSO: portal.url };
    const world = play(env, { [CONFIG]: config(), [cache('corp')]: token(1_000) });
    expect(await found(world)).toEqual({
      id: 'ASIA1',
      secret: SECRET,
      token: 's',
      expiresMs: NOW + 60_000,
      source: 'SSO of profile "dev"',
    });
    expect(portal.asked[0]?.url).toBe('/federation/credentials?role_name=Builder&account_id=111122223333');
  });

  it('reads the older form, whose cache is named after the start page', async () => {
    const portal = await started(() => ({
      text: JSON.stringify({ roleCredentials: { accessKeyId: 'ASIA2', secretAccessKey: SECRET } }),
    }));
    const profile =
      '[default]\nsso_start_url=https://old/start\nsso_region=us-east-1\nsso_account_id=1\nsso_role_name=R\n';
    const world = play(
      { AWS_ENDPOINT_URL_SSO: portal.url },
      { [CONFIG]: profile, [cache('https://old/start')]: token(1) },
    );
    expect(await found(world)).toMatchObject({ id: 'ASIA2' });
  });

  it('says to sign in when nobody is, when the sign-in ended, and when the portal refuses it', async () => {
    const portal = await started(() => ({ status: 401, text: '{"message":"planted"}' }));
    const env = { AWS_PROFILE: 'dev', AWS_ENDPOINT_URL_SSO: portal.url };
    const nobody = await failure(play(env, { [CONFIG]: config() }));
    expect(nobody.message).toMatch(/nobody is signed in.*aws sso login --profile dev/);
    expect((await failure(play(env, { [CONFIG]: config(), [cache('corp')]: token(0) }))).message).toMatch(/ended at/);
    expect((await failure(play(env, { [CONFIG]: config(), [cache('corp')]: token(1) }))).message).toMatch(
      /no longer valid/,
    );
    expect(portal.asked).toHaveLength(1);
  });
});

const STS = (id: string): string =>
  `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${SECRET}</SecretAccessKey><SessionToken>a&amp;b</SessionToken><Expiration>${at(900_000)}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

describe('a role', () => {
  it('is taken on with the keys of its source profile, in a signed call', async () => {
    const sts = await started(() => ({ text: STS('ASIAROLE') }));
    const config =
      '[profile ops]\nrole_arn = arn:aws:iam::1:role/Ops\nsource_profile = base\nexternal_id = x 1\nregion = eu-central-1\n';
    const files = {
      [CONFIG]: config,
      [CREDENTIALS]: `[base]\naws_access_key_id=AKIABASE\naws_secret_access_key=${SECRET}\n`,
    };
    const world = play({ AWS_PROFILE: 'ops', AWS_ENDPOINT_URL_STS: sts.url }, files);
    expect(await found(world)).toMatchObject({ id: 'ASIAROLE', token: 'a&b', expiresMs: NOW + 900_000 });
    const [call] = sts.asked;
    const form = Object.fromEntries(new URLSearchParams(call?.body));
    expect(form).toMatchObject({ Action: 'AssumeRole', RoleArn: 'arn:aws:iam::1:role/Ops', ExternalId: 'x 1' });
    expect(call?.headers.authorization).toContain('Credential=AKIABASE/20261120/eu-central-1/sts/aws4_request');
    expect(JSON.stringify(call)).not.toContain(SECRET);
  });

  it('is taken on with a token file, unsigned', async () => {
    const sts = await started(() => ({ text: STS('ASIAWEB') }));
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/token',
      AWS_ROLE_ARN: 'arn:r',
      AWS_ROLE_SESSION_NAME: 'ci',
      AWS_ENDPOINT_URL_STS: sts.url,
    };
    expect(await found(play(env, { '/var/token': 'jwt\n' }))).toMatchObject({ id: 'ASIAWEB', source: 'web identity' });
    const form = Object.fromEntries(new URLSearchParams(sts.asked[0]?.body));
    expect(form).toMatchObject({ Action: 'AssumeRoleWithWebIdentity', WebIdentityToken: 'jwt', RoleSessionName: 'ci' });
    expect(sts.asked[0]?.headers.authorization).toBeUndefined();
  });

  it('that cannot be taken on says why', async () => {
    const sts = await started(() => ({
      status: 403,
      text: '<E><Error><Code>AccessDenied</Code><Message>planted</Message></Error></E>',
    }));
    const role = (rest: string): string =>
      `[profile a]\nrole_arn=arn:r\n${rest}\n[profile b]\nrole_arn=arn:r\nsource_profile=a\n`;
    const keys = `[keys]\naws_access_key_id=AKIA\naws_secret_access_key=${SECRET}\n`;
    const of = (rest: string) =>
      failure(play({ AWS_PROFILE: 'a', AWS_ENDPOINT_URL_STS: sts.url }, { [CONFIG]: role(rest), [CREDENTIALS]: keys }));
    expect((await of('source_profile=keys')).message).toMatch(/refused the role arn:r \(AccessDenied\)/);
    expect((await of('source_profile=b')).message).toMatch(/circle \(a → b → a\)/);
    expect((await of('source_profile=none')).message).toMatch(/"none", which is not there/);
    expect((await of('')).message).toMatch(/source_profile/);
    expect((await of('source_profile=keys\nmfa_serial=arn:mfa')).message).toMatch(/one-time code/);
  });
});

describe('the machine', () => {
  const machineKeys = JSON.stringify({
    AccessKeyId: 'ASIAM',
    SecretAccessKey: SECRET,
    Token: 't',
    Expiration: at(600_000),
    Code: 'Success',
  });

  it('is asked as a container, with its token', async () => {
    const agent = await started(({ headers }) =>
      headers.authorization === 'pod-token' ? { text: machineKeys } : undefined,
    );
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${agent.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/var/pod',
    };
    expect(await found(play(env, { '/var/pod': 'pod-token\n' }))).toMatchObject({
      id: 'ASIAM',
      source: 'container role',
    });
    expect(agent.asked[0]).toMatchObject({ method: 'GET', url: '/v1/credentials' });
    expect((await failure(play({ ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nope' }))).message).toContain(
      '/nope',
    );
  });

  it('sends no token to a plain http address that is no container agent', async () => {
    const world = play({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/x',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'planted',
    });
    expect((await failure(world)).message).toContain('neither https nor');
  });

  it('is asked as an instance, by version 2 of its service', async () => {
    const roles = '/latest/meta-data/iam/security-credentials/';
    const imds = await started(({ method, url, headers }: Asked) => {
      if (method === 'PUT' && url === '/latest/api/token') return { text: 'imds-token' };
      if (headers['x-aws-ec2-metadata-token'] !== 'imds-token') return { status: 401, text: '' };
      if (url === roles) return { text: 'my-role\n' };
      return url === `${roles}my-role` ? { text: machineKeys } : undefined;
    });
    const env = { AWS_EC2_METADATA_DISABLED: undefined, AWS_EC2_METADATA_SERVICE_ENDPOINT: `${imds.url}/` };
    expect(await found(play(env))).toMatchObject({ id: 'ASIAM', token: 't', source: 'instance role my-role' });
    expect(imds.asked[0]?.headers['x-aws-ec2-metadata-token-ttl-seconds']).toBe('21600');
  });

  it('without the service is no error of its own', async () => {
    const old = await started(() => ({ status: 403, text: '' }));
    const env = { AWS_EC2_METADATA_DISABLED: 'false', AWS_EC2_METADATA_SERVICE_ENDPOINT: old.url };
    expect((await failure(play(env))).message).toContain(`no instance metadata at ${old.url}`);
    expect(old.asked).toHaveLength(1);
  });
});

describe('what is known without asking anybody', () => {
  it('names the access key by its fingerprint, never in clear', () => {
    const key = new Secret('AKIAX').fingerprint;
    expect(awsFingerprint(play({ AWS_ACCESS_KEY_ID: 'AKIAX', AWS_SECRET_ACCESS_KEY: SECRET }))).toBe(key);
    const files = { [CREDENTIALS]: `[default]\naws_access_key_id=AKIAX\naws_secret_access_key=${SECRET}\n` };
    expect(awsFingerprint(play({}, files))).toBe(key);
    expect(awsFingerprint(play({ AWS_PROFILE: 'sso' }, { [CONFIG]: '[profile sso]\nsso_session=a\n' }))).toBe(
      'aws:sso',
    );
    expect(awsFingerprint(play({}))).toBe('aws');
  });

  it('finds addresses and regions as AWS programs do', () => {
    expect(
      bedrockEndpointUrl(play({ AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://a', AWS_ENDPOINT_URL: 'http://b' })),
    ).toBe('http://a');
    expect(bedrockEndpointUrl(play({ AWS_ENDPOINT_URL: 'http://b' }))).toBe('http://b');
    expect(
      bedrockEndpointUrl(play({ AWS_ENDPOINT_URL: 'http://b', AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' })),
    ).toBeUndefined();
    expect(regionOfHost('https://bedrock-runtime.eu-west-3.amazonaws.com/x')).toBe('eu-west-3');
    expect(regionOfHost('https://vpce-1.bedrock-runtime.us-west-2.vpce.amazonaws.com')).toBe('us-west-2');
    expect(regionOfHost('https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com')).toBe('us-gov-west-1');
    expect(regionOfHost('http://127.0.0.1:99')).toBeUndefined();
  });
});
