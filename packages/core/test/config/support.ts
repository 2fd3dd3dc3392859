import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { formatIssue } from '../../src/config/issue.ts';
import { loadConfigText, type LoadOptions } from '../../src/config/load.ts';
import type { Config } from '../../src/config/model.ts';
import { select } from '../../src/config/select.ts';
import { walkFrom } from '../../src/config/walk.ts';
import type { WireId } from '../../src/spec/wire-id.ts';

export const TWO_WIRES: readonly WireId[] = ['openai-chat', 'anthropic-messages'];

export const GOLDEN = join(import.meta.dirname, 'golden');

export function load(text: string, env: Record<string, string> = {}, options: LoadOptions = {}): Config {
  return loadConfigText(text, 'test.toml', {
    env: { HOME: '/nowhere', ...env },
    wires: TWO_WIRES,
    build: {},
    ...options,
  });
}

export function goldenFiles(): string[] {
  return readdirSync(GOLDEN)
    .filter((name) => name.endsWith('.toml'))
    .map((name) => name.replace(/\.toml$/, ''))
    .toSorted();
}

/** The first line of a golden file gives its environment: `# env: NAME=value NAME=value`. */
export function loadGolden(name: string): Config {
  const text = readFileSync(join(GOLDEN, `${name}.toml`), 'utf8');
  const pairs = /^# env: (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const env = Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
  return loadConfigText(text, `${name}.toml`, { env: { HOME: '/nowhere', ...env }, wires: TWO_WIRES, build: {} });
}

export function findings(config: Config): string[] {
  return [...config.report.errors, ...config.report.warnings].map(formatIssue);
}

/** `entry model keys` of each stop of the walk, without building endpoints. */
export function walk(config: Config, name?: string): string[] {
  const selection = select(config, name);
  return walkFrom(config, selection.entry, selection.model).stops.map(
    ({ entry, model }) => `${entry.ref} ${model} keys=${entry.keys.length}`,
  );
}
