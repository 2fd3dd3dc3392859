import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Secret } from '../../spec/secret.ts';
import { awsDomain } from './region.ts';
import { assumeRole, assumeRoleWithToken } from './sts.ts';
import { fromContainer, fromEnvironment, fromInstance } from './machine.ts';
import { awsHome, profileName, readSharedFiles, type Profile, type SharedFiles } from './shared-files.ts';
import {
  parseObject,
  readCredentials,
  reasonOf,
  sourceError,
  variable,
  type AwsIdentity,
  type AwsSource,
  type AwsWorld,
} from './world.ts';

const HTTP_TIMEOUT_MS = 10_000;

/** The chosen profile of the shared files: keys, a command, a sign-in, or a role taken on from another profile. */
export const fromProfile: AwsSource = async (world, tried) => {
  const files = readSharedFiles(world);
  const name = profileName(world);
  if (!files.profiles.has(name)) {
    if (variable(world, 'AWS_PROFILE') !== undefined)
      throw sourceError(
        `AWS_PROFILE names "${name}", which is in none of ${files.paths.join(', ')}`,
        missingProfile(files),
      );
    tried.push(`no profile "${name}" in ${files.paths.join(' or ')}`);
    return undefined;
  }
  const found = await resolveProfile(world, files, name, []);
  if (found === undefined) tried.push(`profile "${name}" holds no credentials`);
  return found;
};

function missingProfile(files: SharedFiles): string {
  const names = [...files.profiles.keys()].slice(0, 5);
  return names.length === 0 ? 'write it with `aws configure`' : `known profiles: ${names.join(', ')}`;
}

async function resolveProfile(
  world: AwsWorld,
  files: SharedFiles,
  name: string,
  above: readonly string[],
): Promise<AwsIdentity | undefined> {
  const profile = files.profiles.get(name);
  if (profile === undefined)
    throw sourceError(`profile "${above.at(-1)}" names "${name}", which is not there`, 'write it');
  const source = `profile "${name}"`;
  const own = staticKeys(profile);
  // A profile that another one builds on may hold its keys beside a role of its own.
  if (own !== undefined && (profile['role_arn'] === undefined || above.length > 0)) return { credentials: own, source };
  if (profile['role_arn'] !== undefined) return fromRole(world, files, name, above);
  if (profile['credential_process'] !== undefined) return fromProcess(world, profile['credential_process'], source);
  if (profile['sso_session'] !== undefined || profile['sso_start_url'] !== undefined)
    return fromSso(world, files, profile, name);
  return undefined;
}

export function staticKeys(profile: Profile) {
  return readCredentials(profile, {
    id: 'aws_access_key_id',
    secret: 'aws_secret_access_key',
    token: 'aws_session_token',
    expires: 'aws_credential_expiration',
  });
}

async function fromRole(
  world: AwsWorld,
  files: SharedFiles,
  name: string,
  above: readonly string[],
): Promise<AwsIdentity> {
  const profile = files.profiles.get(name) ?? {};
  const role = {
    roleArn: profile['role_arn'] ?? '',
    sessionName: profile['role_session_name'],
    externalId: profile['external_id'],
    durationSeconds: profile['duration_seconds'],
    region: profile['region'] ?? variable(world, 'AWS_REGION') ?? variable(world, 'AWS_DEFAULT_REGION'),
  };
  const source = `role of profile "${name}"`;
  const tokenFile = profile['web_identity_token_file'];
  if (tokenFile !== undefined) return { credentials: await assumeRoleWithToken(world, role, tokenFile), source };
  if (profile['mfa_serial'] !== undefined)
    throw sourceError(`profile "${name}" asks for a one-time code`, 'sign in with the AWS command and use its profile');
  if (above.includes(name))
    throw sourceError(`profiles build on each other in a circle (${[...above, name].join(' → ')})`, 'break the circle');
  const base = await baseOf(world, files, name, above);
  if (base === undefined)
    throw sourceError(`profile "${name}" has a role but no credentials to take it on with`, 'set source_profile');
  return { credentials: await assumeRole(world, role, base.credentials), source };
}

async function baseOf(
  world: AwsWorld,
  files: SharedFiles,
  name: string,
  above: readonly string[],
): Promise<AwsIdentity | undefined> {
  const profile = files.profiles.get(name) ?? {};
  const other = profile['source_profile'];
  if (other === name) {
    const credentials = staticKeys(profile);
    return credentials === undefined ? undefined : { credentials, source: `profile "${name}"` };
  }
  if (other !== undefined) return resolveProfile(world, files, other, [...above, name]);
  const tried: string[] = [];
  switch (profile['credential_source']) {
    case 'Environment':
      return fromEnvironment(world, tried);
    case 'EcsContainer':
      return fromContainer(world, tried);
    case 'Ec2InstanceMetadata':
      return fromInstance(world, tried);
    default:
      return undefined;
  }
}

/** `{"Version": 1, "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}` on standard output. */
async function fromProcess(world: AwsWorld, command: string, source: string): Promise<AwsIdentity> {
  let output: string;
  try {
    output = await world.run(command);
  } catch (error) {
    throw sourceError(
      `the credential_process of ${source} failed (${reasonOf(error)})`,
      'run that command by hand to see why',
    );
  }
  const parsed = parseObject(output);
  const names = { id: 'AccessKeyId', secret: 'SecretAccessKey', token: 'SessionToken', expires: 'Expiration' };
  const credentials = parsed === undefined || parsed['Version'] !== 1 ? undefined : readCredentials(parsed, names);
  if (credentials === undefined)
    throw sourceError(
      `the credential_process of ${source} wrote no credentials`,
      'it must write JSON with Version 1, AccessKeyId and SecretAccessKey',
    );
  if (credentials.expiresMs !== undefined && credentials.expiresMs <= world.nowMs())
    throw sourceError(`the credential_process of ${source} wrote expired credentials`, 'sign in to what it asks');
  return { credentials, source: `credential_process of ${source}` };
}

/** The token that `aws sso login` left is traded for the role's credentials at the portal. */
async function fromSso(world: AwsWorld, files: SharedFiles, profile: Profile, name: string): Promise<AwsIdentity> {
  const sessionName = profile['sso_session'];
  const session = sessionName === undefined ? profile : files.ssoSessions.get(sessionName);
  const login = `run \`aws sso login${name === 'default' ? '' : ` --profile ${name}`}\``;
  if (session === undefined)
    throw sourceError(`there is no [sso-session ${sessionName}]`, 'write it into the config file');
  const region = session['sso_region'] ?? profile['sso_region'];
  const account = profile['sso_account_id'];
  const role = profile['sso_role_name'];
  if (region === undefined || account === undefined || role === undefined)
    throw sourceError(`profile "${name}" lacks sso_region, sso_account_id or sso_role_name`, 'run `aws configure sso`');
  const key = createHash('sha1')
    .update(sessionName ?? profile['sso_start_url'] ?? '')
    .digest('hex');
  const path = join(awsHome(world), 'sso', 'cache', `${key}.json`);
  const cached = parseObject(world.readText(path) ?? '');
  const { accessToken, expiresAt } = cached ?? {};
  if (typeof accessToken !== 'string') throw sourceError(`nobody is signed in to SSO for profile "${name}"`, login);
  if (typeof expiresAt === 'string' && Date.parse(expiresAt) <= world.nowMs())
    throw sourceError(`the SSO sign-in of profile "${name}" ended at ${expiresAt}`, login);
  const base = variable(world, 'AWS_ENDPOINT_URL_SSO') ?? `https://portal.sso.${region}.${awsDomain(region)}`;
  const query = new URLSearchParams({ role_name: role, account_id: account });
  const token = new Secret(accessToken);
  const answer = await world
    .http({
      method: 'GET',
      url: `${base.replace(/\/+$/, '')}/federation/credentials?${query.toString()}`,
      headers: { accept: 'application/json', 'x-amz-sso_bearer_token': token.reveal() },
      timeoutMs: HTTP_TIMEOUT_MS,
    })
    .catch((error: unknown) => {
      throw sourceError(`the SSO portal of ${region} did not answer (${reasonOf(error)})`, 'check the network');
    });
  if (answer.status === 401) throw sourceError(`the SSO sign-in of profile "${name}" is no longer valid`, login);
  if (answer.status !== 200)
    throw sourceError(
      `the SSO portal refused role ${role} of account ${account} (HTTP ${answer.status})`,
      'check sso_account_id and sso_role_name',
    );
  const given = parseObject(answer.text)?.['roleCredentials'];
  const names = { id: 'accessKeyId', secret: 'secretAccessKey', token: 'sessionToken', expires: 'expiration' };
  const credentials = typeof given === 'object' && given !== null ? readCredentials(Object(given), names) : undefined;
  if (credentials === undefined) throw sourceError('the SSO portal answered without credentials', login);
  return { credentials, source: `SSO of profile "${name}"` };
}
