import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';

import { formatPath, parsePath } from '../../src/config/path.ts';
import { indexToml } from '../../src/config/toml-index.ts';

describe('lines of a TOML document', () => {
  it('finds keys, headers, inline tables, arrays and arrays of tables', () => {
    const text = `top = 1
"quoted.key" = 'x' # a comment = [
multi = """
[not.a.header]
key = 1
"""
[a.b]
list = [ 1,
  "two # not a comment",
  { x = 1, y = { z = 2 } },
]
dotted.deep."er" = true
[[t]]
k = 1
[t.sub]
s = 1
[[t]]
k = 2
[t.sub]
s = 2`;
    const { lineOf } = indexToml(text);
    const rows: [string[], number | undefined][] = [
      [['top'], 1],
      [['quoted.key'], 2],
      [['multi'], 3],
      [['a', 'b'], 7],
      [['a'], 7],
      [['a', 'b', 'list'], 8],
      [['a', 'b', 'list', '1'], 9],
      [['a', 'b', 'list', '2', 'y', 'z'], 10],
      [['a', 'b', 'dotted', 'deep', 'er'], 12],
      [['a', 'b', 'dotted'], 12],
      [['t'], 13],
      [['t', '0', 'k'], 14],
      [['t', '0', 'sub', 's'], 16],
      [['t', '1', 'k'], 18],
      [['t', '1', 'sub', 's'], 20],
      [['a', 'b', 'missing'], 7],
      [['a', 'other'], undefined],
      [['key'], undefined],
    ];
    for (const [path, line] of rows) expect(lineOf(path), path.join('.')).toBe(line);
  });

  it('agrees with the parser about every key of generated documents', () => {
    const key = fc.stringMatching(/^[a-z][a-z0-9_-]{0,6}$/);
    const value = fc.oneof(
      fc.integer().map(String),
      fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text).replaceAll('\u007F', '')),
      fc.constant("'''\n[x]\ny = 1\n'''"),
      fc.constant('[ 1, [2, 3], # c ]\n "]" ]'),
      fc.constant('{ p = 1, q = "}" }'),
    );
    const section = fc.tuple(key, fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 4 }));
    const document = fc.uniqueArray(section, { selector: ([name]) => name, maxLength: 5 });
    fc.assert(
      fc.property(document, (sections) => {
        const expected = new Map<string, number>();
        let text = '';
        const lineNow = () => text.split('\n').length;
        for (const [name, pairs] of sections) {
          expected.set(name, lineNow());
          text += `[${name}] # [no]\n`;
          for (const [inner, written] of pairs) {
            expected.set(`${name}.${inner}`, lineNow());
            text += `${inner} = ${written}\n`;
          }
        }
        parse(text);
        const { lineOf } = indexToml(text);
        for (const [path, line] of expected) expect(lineOf(path.split('.'))).toBe(line);
      }),
    );
  });
});

describe('paths', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
  });
});
