import { signV4, type AwsCredentials } from './sigv4.ts';
import { awsDomain } from './region.ts';
import { readCredentials, reasonOf, sourceError, variable, type AwsSource, type AwsWorld } from './world.ts';

export interface AssumedRole {
  readonly roleArn: string;
  readonly sessionName?: string;
  readonly externalId?: string;
  readonly durationSeconds?: string;
  readonly region?: string;
}

const HTTP_TIMEOUT_MS = 10_000;
const VERSION = '2011-06-15';
const DEFAULT_REGION = 'us-east-1';

/** Takes a role on with other credentials (AWS STS API reference, AssumeRole, read 2026-11). */
export function assumeRole(world: AwsWorld, role: AssumedRole, base: AwsCredentials): Promise<AwsCredentials> {
  const fields = { Action: 'AssumeRole', ExternalId: role.externalId };
  return callSts(world, role, fields, base);
}

/** Takes a role on with a token of another identity provider; the call itself needs no credentials. */
export async function assumeRoleWithToken(world: AwsWorld, role: AssumedRole, path: string): Promise<AwsCredentials> {
  const token = world.readText(path)?.trim();
  if (token === undefined || token === '') throw sourceError(`the token file ${path} cannot be read`, 'check its path');
  return callSts(world, role, { Action: 'AssumeRoleWithWebIdentity', WebIdentityToken: token });
}

/** `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN` (EKS service accounts, CI). */
export const fromWebIdentity: AwsSource = async (world, tried) => {
  const path = variable(world, 'AWS_WEB_IDENTITY_TOKEN_FILE');
  const roleArn = variable(world, 'AWS_ROLE_ARN');
  if (path === undefined || roleArn === undefined) {
    tried.push(`${path === undefined ? 'AWS_WEB_IDENTITY_TOKEN_FILE' : 'AWS_ROLE_ARN'} is not set`);
    return undefined;
  }
  const role = {
    roleArn,
    sessionName: variable(world, 'AWS_ROLE_SESSION_NAME'),
    region: variable(world, 'AWS_REGION') ?? variable(world, 'AWS_DEFAULT_REGION'),
  };
  return { credentials: await assumeRoleWithToken(world, role, path), source: 'web identity' };
};

async function callSts(
  world: AwsWorld,
  role: AssumedRole,
  fields: Readonly<Record<string, string | undefined>>,
  base?: AwsCredentials,
): Promise<AwsCredentials> {
  const region = role.region ?? DEFAULT_REGION;
  const url = `${(variable(world, 'AWS_ENDPOINT_URL_STS') ?? `https://sts.${region}.${awsDomain(region)}`).replace(/\/+$/, '')}/`;
  const form = new URLSearchParams({ Version: VERSION, RoleArn: role.roleArn });
  form.set('RoleSessionName', role.sessionName ?? `standin-${world.nowMs()}`);
  if (role.durationSeconds !== undefined) form.set('DurationSeconds', role.durationSeconds);
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.set(name, value);
  const body = form.toString();
  const headers = { accept: 'application/xml', 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const scope = { region, service: 'sts', nowMs: world.nowMs() };
  const signature = base === undefined ? {} : signV4({ method: 'POST', url, headers, body }, base, scope);
  const answer = await world
    .http({ method: 'POST', url, headers: { ...headers, ...signature }, body, timeoutMs: HTTP_TIMEOUT_MS })
    .catch((error: unknown) => {
      throw sourceError(`STS in ${region} did not answer (${reasonOf(error)})`, 'check the network');
    });
  const given = Object.fromEntries(
    ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration'].map((name) => [name, element(answer.text, name)]),
  );
  const names = { id: 'AccessKeyId', secret: 'SecretAccessKey', token: 'SessionToken', expires: 'Expiration' };
  const credentials = answer.status === 200 ? readCredentials(given, names) : undefined;
  if (credentials !== undefined) return credentials;
  const code = element(answer.text, 'Code');
  throw sourceError(
    `STS refused the role ${role.roleArn} (${code === '' ? `HTTP ${answer.status}` : code})`,
    "check the role's trust policy",
  );
}

/** Text of an element of STS's flat XML. */
function element(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim() ?? '';
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}
