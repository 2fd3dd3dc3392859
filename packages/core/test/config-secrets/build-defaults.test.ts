import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { buildDefines } from '../../../../scripts/build-defines.ts';

const entry = fileURLToPath(new URL('../../src/config/build-defaults.ts', import.meta.url));

async function builtWith(env: Readonly<Record<string, string>>): Promise<unknown> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    define: buildDefines(env),
  });
  const module = (await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? '')}`)) as {
    buildDefaults: unknown;
  };
  return module.buildDefaults;
}

describe('defaults set while the package is built', () => {
  it('are those of the environment of the build', async () => {
    expect(await builtWith({ STANDIN_DEFAULT_MODEL: 'claude-x', STANDIN_DEFAULT_PROVIDER: 'anthropic' })).toEqual({
      model: 'claude-x',
      provider: 'anthropic',
    });
    expect(await builtWith({ STANDIN_DEFAULT_MODEL: 'it\'s "odd"' })).toEqual({ model: 'it\'s "odd"' });
  });

  it('are none without them', async () => {
    expect(await builtWith({})).toEqual({});
  });
});
