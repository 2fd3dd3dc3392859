import { Secret } from '../../spec/secret.ts';
import {
  parseObject,
  readCredentials,
  reasonOf,
  sourceError,
  variable,
  type AwsSource,
  type AwsWorld,
} from './world.ts';

/** Static or temporary keys in variables. */
export const fromEnvironment: AwsSource = async (world, tried) => {
  const id = variable(world, 'AWS_ACCESS_KEY_ID');
  const secret = variable(world, 'AWS_SECRET_ACCESS_KEY');
  if (id === undefined || secret === undefined) {
    const half = id !== undefined ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
    tried.push(`${half} is not set`);
    return undefined;
  }
  const token = variable(world, 'AWS_SESSION_TOKEN');
  const expires = Date.parse(variable(world, 'AWS_CREDENTIAL_EXPIRATION') ?? '');
  return {
    credentials: {
      accessKeyId: id,
      secretAccessKey: new Secret(secret),
      ...(token === undefined ? {} : { sessionToken: new Secret(token) }),
      ...(Number.isNaN(expires) ? {} : { expiresMs: expires }),
    },
    source: 'AWS_ACCESS_KEY_ID',
  };
};

const NAMES = { id: 'AccessKeyId', secret: 'SecretAccessKey', token: 'Token', expires: 'Expiration' };
const CONTAINER_HOST = 'http://169.254.170.2';
const CONTAINER_TIMEOUT_MS = 2_000;
/** Plain http only to the machine itself and to the container agents of ECS and EKS. */
const CONTAINER_HOSTS: ReadonlySet<string> = new Set([
  'localhost',
  '[::1]',
  '169.254.170.2',
  '169.254.170.23',
  '[fd00:ec2::23]',
]);

/** The agent of a container service (ECS, EKS Pod Identity). */
export const fromContainer: AwsSource = async (world, tried) => {
  const relative = variable(world, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI');
  const full = variable(world, 'AWS_CONTAINER_CREDENTIALS_FULL_URI');
  if (relative === undefined && full === undefined) {
    tried.push('AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set');
    return undefined;
  }
  const text = relative === undefined ? (full ?? '') : `${CONTAINER_HOST}/${relative.replace(/^\/+/, '')}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const allowed =
    url !== undefined &&
    (url.protocol === 'https:' || CONTAINER_HOSTS.has(url.hostname) || url.hostname.startsWith('127.'));
  if (!allowed)
    throw sourceError(
      'AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor the address of a container agent',
      'correct it',
    );
  const answer = await world
    .http({
      method: 'GET',
      url: text,
      headers: { accept: 'application/json', ...containerToken(world) },
      timeoutMs: CONTAINER_TIMEOUT_MS,
      direct: true,
    })
    .catch((error: unknown) => {
      throw sourceError(`the container agent did not answer (${reasonOf(error)})`, 'check the task or pod role');
    });
  const credentials = answer.status === 200 ? readCredentials(parseObject(answer.text) ?? {}, NAMES) : undefined;
  if (credentials === undefined)
    throw sourceError(
      `the container agent gave no credentials (HTTP ${answer.status})`,
      'check that the task or pod has a role',
    );
  return { credentials, source: 'container role' };
};

function containerToken(world: AwsWorld): Record<string, string> {
  const path = variable(world, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE');
  const token =
    path === undefined ? variable(world, 'AWS_CONTAINER_AUTHORIZATION_TOKEN') : world.readText(path)?.trim();
  if (path !== undefined && (token === undefined || token === ''))
    throw sourceError(`the container token file ${path} cannot be read`, 'check the pod identity');
  return token === undefined ? {} : { authorization: token };
}

const METADATA_TIMEOUT_MS = 1_000;

/** The instance metadata service, version 2 only: it cannot be tricked into answering for somebody else. */
export const fromInstance: AwsSource = async (world, tried) => {
  if (variable(world, 'AWS_EC2_METADATA_DISABLED')?.toLowerCase() === 'true') {
    tried.push('AWS_EC2_METADATA_DISABLED is true');
    return undefined;
  }
  const mode = variable(world, 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE')?.toLowerCase();
  const usual = mode === 'ipv6' ? 'http://[fd00:ec2::254]' : 'http://169.254.169.254';
  const base = (variable(world, 'AWS_EC2_METADATA_SERVICE_ENDPOINT') ?? usual).replace(/\/+$/, '');
  const ask = (method: 'GET' | 'PUT', path: string, headers: Record<string, string>) =>
    world.http({ method, url: base + path, headers, timeoutMs: METADATA_TIMEOUT_MS, direct: true });
  const seconds = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' };
  const token = await ask('PUT', '/latest/api/token', seconds).catch(() => undefined);
  if (token?.status !== 200) {
    tried.push(`no instance metadata at ${base}`);
    return undefined;
  }
  const headers = { 'x-aws-ec2-metadata-token': token.text.trim() };
  const roles = '/latest/meta-data/iam/security-credentials/';
  const role = await ask('GET', roles, headers).catch(() => undefined);
  const name = role?.status === 200 ? role.text.trim().split('\n')[0]?.trim() : undefined;
  if (name === undefined || name === '') {
    tried.push('this instance has no role');
    return undefined;
  }
  const answer = await ask('GET', roles + encodeURIComponent(name), headers).catch(() => undefined);
  const given = answer?.status === 200 ? parseObject(answer.text) : undefined;
  const credentials = given === undefined ? undefined : readCredentials(given, NAMES);
  if (credentials === undefined) {
    tried.push(`the instance gave no credentials for its role ${name}`);
    return undefined;
  }
  return { credentials, source: `instance role ${name}` };
};
