import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { expand } from '../../src/config/expand.ts';
import { findings, load } from './support.ts';

describe('expansion of ${NAME}', () => {
  const env = { A: 'one', EMPTY: '', B_2: 'two' };

  it.each([
    ['plain', 'plain'],
    ['${A}', 'one'],
    ['x-${A}-${B_2}-y', 'x-one-two-y'],
    ['${EMPTY}', ''],
    ['${EMPTY:-d}', 'd'],
    ['${NONE:-d}', 'd'],
    ['${NONE:-}', ''],
    ['${A:-d}', 'one'],
    ['${A:-${NONE}}', 'one'],
    ['${NONE:-${A}}', 'one'],
    ['${NONE:-${NONE:-deep}}', 'deep'],
    ['${NONE:-http://h:1/v1}', 'http://h:1/v1'],
    ['$A $ {A} $$', '$A $ {A} $$'],
    ['$${A}', '${A}'],
  ])('%s gives %s', (text, value) => {
    expect(expand(text, env)).toMatchObject({ value, missing: [], malformed: false });
  });

  it.each(['${', '${}', '${1A}', '${A', '${A-b}', '${A:x}', '${NONE:-x', '${a b}'])('%s is no reference', (text) => {
    expect(expand(text, env).malformed).toBe(true);
  });

  it('names every unset variable', () => {
    expect(expand('${X}${A}${Y:-${Z}}', env).missing).toEqual(['X', 'Z']);
  });

  it('leaves text without references alone, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('${'));
        expect(expand(text, {}).value).toBe(text);
      }),
    );
  });

  it('is done in the strings of tables and lists, and typed for fields that are no text', () => {
    const config = load(
      `[providers.models.custom.a]
uri = "\${HOST}/v1"
max_tokens = "\${LIMIT}"
native_tools = "\${TOOLS:-no}"
fallback_models = ["\${M}-x"]
provider_extra = { a = { b = ["\${M}"] } }
extra_headers = { x-team = "\${M}" }
[gateway]
port = "\${PORT:-9000}"`,
      { HOST: 'http://127.0.0.1:1', LIMIT: '50', M: 'm' },
    );
    expect(findings(config)).toEqual([]);
    const fields = config.entries.get('custom.a')?.fields;
    expect(fields).toMatchObject({
      uri: 'http://127.0.0.1:1/v1',
      max_tokens: 50,
      native_tools: false,
      fallback_models: ['m-x'],
    });
    expect(fields?.provider_extra).toEqual({ a: { b: ['m'] } });
    expect(fields?.extra_headers?.['x-team']?.reveal()).toBe('m');
    expect(config.document.gateway?.port).toBe(9000);
  });

  it('names key and variable when one is unset, and never stops at the first', () => {
    const config = load('[providers.models.custom.a]\nuri = "${U}"\napi_key = "${K}"\n');
    expect(config.report.errors).toMatchObject([
      { line: 2, path: 'providers.models.custom.a.uri', message: expect.stringContaining('U is not set') },
      { line: 3, path: 'providers.models.custom.a.api_key', message: expect.stringContaining('K is not set') },
    ]);
  });
});
