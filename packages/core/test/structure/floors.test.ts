import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const packages = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const FLOORS = [
  'spec',
  'stream',
  'framing',
  'wires',
  'tools',
  'vendors',
  'auth',
  'transport',
  'route',
  'catalog',
  'config',
  'library',
];
const PACKAGES = ['core', 'store', 'simulator', 'agent', 'batch', 'gateway', 'dashboard', 'standin'];
/** Longer than 400 lines for a reason: data, not ideas. */
const LONG = /generated|vendors\/table\//;

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sources(path);
    return name.endsWith('.ts') ? [path] : [];
  });
}

const IMPORT = /(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '');
}

const core = join(packages, 'core/src');

describe('the floors of core', () => {
  it('have no folder without a floor', () => {
    const folders = readdirSync(core).filter((name) => statSync(join(core, name)).isDirectory());
    expect(folders.filter((name) => !FLOORS.includes(name))).toEqual([]);
  });

  it('import only from floors below', () => {
    const wrong: string[] = [];
    for (const file of sources(core)) {
      const from = FLOORS.indexOf(relative(core, file).split('/')[0] ?? '');
      if (from < 0) continue;
      for (const target of importsOf(file)) {
        if (!target.startsWith('.')) continue;
        const to = FLOORS.indexOf(relative(core, resolve(dirname(file), target)).split('/')[0] ?? '');
        if (to > from || to < 0) wrong.push(`${relative(packages, file)} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('never name a wire’s vendor inside a wire', () => {
    const vendors = /\b(openrouter|deepseek|mistral|groq|moonshot|minimax|dashscope|perplexity|cerebras)\b/i;
    const wrong = sources(join(core, 'wires')).filter((file) => {
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      // Field names of a protocol extension (`x_groq`) are the wire's own; names of things in code are not.
      return vendors.test(code);
    });
    expect(wrong.map((file) => relative(packages, file))).toEqual([]);
  });
});

describe('the packages', () => {
  it('import only from packages below, by name', () => {
    const wrong: string[] = [];
    for (const name of PACKAGES) {
      let files: string[] = [];
      try {
        files = sources(join(packages, name, 'src'));
      } catch {
        continue;
      }
      for (const file of files) {
        for (const target of importsOf(file)) {
          const other = /^@standin\/([a-z]+)/.exec(target)?.[1] ?? (target === 'standin' ? 'standin' : undefined);
          if (other !== undefined && PACKAGES.indexOf(other) >= PACKAGES.indexOf(name))
            wrong.push(`${file} imports ${target}`);
          if (target.startsWith('.') && !resolve(dirname(file), target).startsWith(join(packages, name)))
            wrong.push(`${file} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('keep files under 400 lines', () => {
    const long = readdirSync(packages)
      .flatMap((name) => {
        try {
          return sources(join(packages, name, 'src'));
        } catch {
          return [];
        }
      })
      .filter((file) => !LONG.test(file) && readFileSync(file, 'utf8').split('\n').length > 400);
    expect(long.map((file) => relative(packages, file))).toEqual([]);
  });
});
