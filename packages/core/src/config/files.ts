import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import type { Environment } from './expand.ts';
import { ConfigError } from './issue.ts';

export interface FileOptions {
  /** `--config PATH`. */
  readonly configPath?: string;
  readonly env: Environment;
  readonly cwd: string;
}

/** `$STANDIN_HOME`, default `~/.standin`. */
export function standinHome(env: Environment): string {
  const home = env['STANDIN_HOME'];
  return home === undefined || home === '' ? join(env['HOME'] || homedir(), '.standin') : resolve(home);
}

export interface ConfigFile {
  readonly path: string;
  /** Which rule named it. */
  readonly from: '--config' | 'STANDIN_CONFIG' | './standin.toml' | 'STANDIN_HOME';
}

/**
 * The config file: `--config` > `$STANDIN_CONFIG` > `./standin.toml` > `$STANDIN_HOME/config.toml`; `undefined` when
 * none is named and none exists. Throws `ConfigError` when a named one does not exist.
 */
export function findConfigFile({ configPath, env, cwd }: FileOptions): ConfigFile | undefined {
  if (configPath !== undefined) return named(configPath, cwd, '--config');
  const variable = env['STANDIN_CONFIG'];
  if (variable !== undefined && variable !== '') return named(variable, cwd, 'STANDIN_CONFIG');
  const local = join(cwd, 'standin.toml');
  if (existsSync(local)) return { path: local, from: './standin.toml' };
  const home = join(standinHome(env), 'config.toml');
  return existsSync(home) ? { path: home, from: 'STANDIN_HOME' } : undefined;
}

function named(path: string, cwd: string, from: ConfigFile['from']): ConfigFile {
  const full = resolve(cwd, path);
  if (existsSync(full)) return { path: full, from };
  const suggestion = from === '--config' ? 'check the path given with --config' : 'check the variable STANDIN_CONFIG';
  throw new ConfigError([{ level: 'error', file: path, message: 'no such file', suggestion }]);
}

/** Throws `ConfigError` for a directory, a file without read permission, or bytes that are no UTF-8. */
export function readConfigFile(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reasons: Readonly<Record<string, string>> = {
      EISDIR: 'is a directory, not a file',
      EACCES: 'cannot be read: permission denied',
      ENOENT: 'no such file',
      ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
    };
    const message = reasons[code ?? ''] ?? `cannot be read (${code ?? 'unknown reason'})`;
    throw new ConfigError([{ level: 'error', file: path, message }]);
  }
}
