import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatIssue, ConfigError } from '../../src/config/issue.ts';
import { loadConfigText } from '../../src/config/load.ts';
import type { Config } from '../../src/config/model.ts';
import { select } from '../../src/config/select.ts';
import { walkFrom } from '../../src/config/walk.ts';

export const FILES = join(import.meta.dirname, 'files');
export const GOLDEN = join(import.meta.dirname, 'golden');

/** What every file of this folder is read with. */
export const ENV: Readonly<Record<string, string>> = {
  HOME: '/nowhere',
  GEMINI_API_KEY: 'planted-env-gemini',
  ANTHROPIC_API_KEY: 'planted-env-anthropic',
  OPENAI_API_KEY: 'planted-env-openai',
  OPENROUTER_API_KEY: 'planted-env-openrouter',
  GROQ_API_KEY: 'planted-env-groq',
  XAI_API_KEY: 'planted-env-xai',
  MOONSHOT_API_KEY: 'planted-env-moonshot',
  GLM_API_KEY: 'planted.env-glm',
  ZAI_API_KEY: 'planted.env-zai',
  DASHSCOPE_API_KEY: 'planted-env-qwen',
  MINIMAX_API_KEY: 'planted-env-minimax',
  ARK_API_KEY: 'planted-env-ark',
  OPENROUTER_KEY: 'planted-var-openrouter',
  KEY_1: 'planted-var-1',
  KEY_2: 'planted-var-2',
  ANTHROPIC_KEY: 'planted-var-anthropic',
  OPENCODE_API_KEY: 'planted-env-opencode',
};

/** A home with the login that the fallback guide's example names. */
export function homeWithLogin(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'standin-dialects-'));
  const profile = { provider: 'openai-codex', profile_name: 'codex-1', kind: 'oauth', access_token: 'planted-login' };
  const profiles = { schema_version: 1, profiles: { 'openai-codex:codex-1': profile } };
  writeFileSync(join(path, 'auth-profiles.json'), JSON.stringify(profiles), { mode: 0o600 });
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const names = (): string[] => readdirSync(FILES).toSorted();
export const textOf = (name: string): string => readFileSync(join(FILES, name), 'utf8');

export function load(text: string, name: string, env: Readonly<Record<string, string>> = {}): Config {
  return loadConfigText(text, name, { env: { ...ENV, ...env }, build: {} });
}

/** Names to ask for: nothing, and those in `# ask:` lines. */
export function asks(text: string): (string | undefined)[] {
  return [undefined, ...[...text.matchAll(/^# ask: (.*)$/gm)].map((match) => match[1])];
}

export function walk(config: Config, name?: string): string[] {
  const selection = select(config, name);
  const { stops } = walkFrom(config, selection.entry, selection.model);
  return stops.map(({ entry, model }) => {
    const keys = (selection.apiKey !== undefined && selection.entry === entry ? [] : entry.keys).map(
      (key) => key.fingerprint,
    );
    return `${entry.ref} ${model} [${keys.length === 0 ? (selection.apiKey?.fingerprint ?? '') : keys.join(' ')}]`;
  });
}

/** The walk of every name, or why there is none. */
export function walks(config: Config, text: string): string[] {
  return asks(text).flatMap((name) => {
    const title = `walk${name === undefined ? '' : ` of ${name}`}`;
    try {
      return [title, ...walk(config, name).map((stop) => `  ${stop}`)];
    } catch (error) {
      return [title, `  ${error instanceof Error ? error.message : ''}`];
    }
  });
}

export function findings(config: Config): string[] {
  const { errors, warnings, notes } = config.report;
  return [...errors, ...warnings, ...notes].map(formatIssue);
}

export function syntaxError(name: string): string | undefined {
  try {
    load(textOf(name), name);
    return undefined;
  } catch (error) {
    return error instanceof ConfigError ? error.message : 'another error';
  }
}
