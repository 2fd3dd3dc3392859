import { homedir } from 'node:os';
import { join } from 'node:path';
import { variable, type AwsWorld } from './world.ts';

export type Profile = Readonly<Record<string, string>>;

export interface SharedFiles {
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly ssoSessions: ReadonlyMap<string, Profile>;
  /** As they are shown to people. */
  readonly paths: readonly string[];
}

type Files = Pick<AwsWorld, 'env' | 'readText'>;

export function awsHome(world: Pick<AwsWorld, 'env'>): string {
  return join(variable(world, 'HOME') ?? variable(world, 'USERPROFILE') ?? homedir(), '.aws');
}

export function profileName(world: Pick<AwsWorld, 'env'>): string {
  return variable(world, 'AWS_PROFILE') ?? variable(world, 'AWS_DEFAULT_PROFILE') ?? 'default';
}

/** The config file with the credentials file over it (AWS SDKs reference guide, "Shared config and credentials files"). */
export function readSharedFiles(world: Files): SharedFiles {
  const configPath = expandHome(variable(world, 'AWS_CONFIG_FILE') ?? join(awsHome(world), 'config'), world);
  const credentialsPath = expandHome(
    variable(world, 'AWS_SHARED_CREDENTIALS_FILE') ?? join(awsHome(world), 'credentials'),
    world,
  );
  const profiles = new Map<string, Profile>();
  const ssoSessions = new Map<string, Profile>();
  for (const [section, values] of parseIni(world.readText(configPath) ?? '')) {
    const [, kind, name] = /^(?:(profile|sso-session)\s+)?(.+)$/.exec(section) ?? [];
    if (name === undefined) continue;
    // Only `default` may stand without the word; `[profile default]` wins over it.
    if (kind === 'sso-session') ssoSessions.set(name, values);
    else if (kind === 'profile' || (name === 'default' && !profiles.has(name))) profiles.set(name, values);
  }
  for (const [name, values] of parseIni(world.readText(credentialsPath) ?? ''))
    profiles.set(name, { ...profiles.get(name), ...values });
  return { profiles, ssoSessions, paths: [configPath, credentialsPath] };
}

function expandHome(path: string, world: Pick<AwsWorld, 'env'>): string {
  return path.startsWith('~/') ? join(awsHome(world), '..', path.slice(2)) : path;
}

/** Sections with their settings. Indented lines are settings of a setting and say nothing about credentials. */
export function parseIni(text: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> | undefined;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    const header = /^\[\s*([^\]]*?)\s*\]/.exec(trimmed)?.[1];
    if (header !== undefined) {
      const name = header.replaceAll(/["']/g, '');
      current = sections.get(name) ?? {};
      sections.set(name, current);
      continue;
    }
    const equals = trimmed.indexOf('=');
    if (current === undefined || equals < 1 || /^\s/.test(line)) continue;
    const value = trimmed.slice(equals + 1).trim();
    current[trimmed.slice(0, equals).trim().toLowerCase()] = value.replace(/\s[#;].*$/, '').trim();
  }
  return sections;
}
