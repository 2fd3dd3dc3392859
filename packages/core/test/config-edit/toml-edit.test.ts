import fc from 'fast-check';
import { parse } from 'smol-toml';
import { copyTree, sameValue } from '@standin/core/config/edit/same';
import { describe, expect, it } from 'vitest';
import { EditError, renameToml, setToml, unsetToml } from '@standin/core/config/edit/toml-edit';
import { insertTable } from '@standin/core/config/edit/toml-insert';
import { deleteAt, isTree, setAt, valueAt, type Tree } from '@standin/core/config/path';

const FILE = `# My models
# kept by hand

schema_version = 3 # generation

# The main one
[providers.models.anthropic.main]
api_key = "\${KEY}"   # from the vault
model = 'claude-a'
fallback = [
  "openai.spare", # cheap
  "groq.fast",
]
temperature = 0.5
  extra_headers = { "x-a" = "1", b = "2" }

# -- spares --

[providers.models.openai.spare]
model = "gpt-x"
# model = "gpt-y"

[agents.default]
model_provider = "anthropic.main"

[[model_routes]]
hint = "fast"
model_provider = "groq.fast"
`;

/** What changed: lines that went and lines that came. */
function difference(before: string, after: string): { gone: string[]; came: string[] } {
  const count = (lines: string[]) => {
    const counts = new Map<string, number>();
    for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
    return counts;
  };
  const [a, b] = [before.split('\n'), after.split('\n')];
  const [inA, inB] = [count(a), count(b)];
  const gone = [...inA].flatMap(([line, n]) => Array<string>(Math.max(0, n - (inB.get(line) ?? 0))).fill(line));
  const came = [...inB].flatMap(([line, n]) => Array<string>(Math.max(0, n - (inA.get(line) ?? 0))).fill(line));
  return { gone, came };
}

const main = ['providers', 'models', 'anthropic', 'main'];

describe('setting a value', () => {
  it('replaces only the value; the comment behind it and the quotes stay', () => {
    expect(difference(FILE, setToml(FILE, [...main, 'api_key'], 'enc2:00'))).toEqual({
      gone: ['api_key = "${KEY}"   # from the vault'],
      came: ['api_key = "enc2:00"   # from the vault'],
    });
    expect(difference(FILE, setToml(FILE, [...main, 'model'], 'claude-b')).came).toEqual(["model = 'claude-b'"]);
  });

  it('keeps a fraction a fraction', () => {
    expect(difference(FILE, setToml(FILE, [...main, 'temperature'], 1)).came).toEqual(['temperature = 1.0']);
  });

  it('is no change at all when the value is the same', () => {
    expect(setToml(FILE, [...main, 'fallback'], ['openai.spare', 'groq.fast'])).toBe(FILE);
  });

  it('adds a key at the end of its table', () => {
    const after = setToml(FILE, ['providers', 'models', 'openai', 'spare', 'max_tokens'], 100);
    expect(after).toContain('model = "gpt-x"\nmax_tokens = 100\n# model = "gpt-y"\n');
    expect(difference(FILE, after)).toEqual({ gone: [], came: ['max_tokens = 100'] });
  });

  it('adds a top-level key before the first table and its comment', () => {
    const after = setToml('# top\n\n# of a\n[a]\nx = 1\n', ['version'], 3);
    expect(after).toBe('# top\n\nversion = 3\n\n# of a\n[a]\nx = 1\n');
    expect(setToml('', ['a'], 1)).toBe('a = 1\n');
    expect(setToml('[a]\n', ['b'], true)).toBe('b = true\n\n[a]\n');
  });

  it('adds a table beside its siblings, not at the end', () => {
    const after = setToml(FILE, ['providers', 'models', 'anthropic', 'second', 'model'], 'm');
    expect(after).toContain('"2" }\n\n[providers.models.anthropic.second]\nmodel = "m"\n\n# -- spares --\n');
    expect(difference(FILE, after).gone).toEqual([]);
  });

  it('adds an item of an array of tables', () => {
    const after = setToml(FILE, ['model_routes', '1', 'hint'], 'big', {
      isList: (path) => path.join('.') === 'model_routes',
    });
    expect(after).toBe(`${FILE}\n[[model_routes]]\nhint = "big"\n`);
    const fresh = setToml('a = 1\n', ['model_routes', '0', 'hint'], 'x', {
      isList: (path) => path.join('.') === 'model_routes',
    });
    expect(parse(fresh)).toEqual({ a: 1, model_routes: [{ hint: 'x' }] });
  });

  it('changes list items in place, with their comments', () => {
    const longer = setToml(FILE, [...main, 'fallback'], ['openai.spare', 'x.y', 'groq.fast']);
    expect(difference(FILE, longer)).toEqual({ gone: [], came: ['  "x.y",'] });
    const shorter = setToml(FILE, [...main, 'fallback'], ['openai.spare']);
    expect(difference(FILE, shorter)).toEqual({ gone: ['  "groq.fast",'], came: [] });
    expect(setToml('a = [1, 2]', ['a', '2'], 3)).toBe('a = [1, 2, 3]');
    expect(setToml('a = []', ['a', '0'], 3)).toBe('a = [3]');
  });

  it('goes into inline tables and below them', () => {
    expect(setToml(FILE, [...main, 'extra_headers', 'c'], '3')).toContain('{ "x-a" = "1", b = "2", c = "3" }');
    expect(setToml('a = {}', ['a', 'b.c', 'd'], 1)).toBe('a = { "b.c".d = 1 }');
  });

  it('goes on with dotted keys where a table is made of them', () => {
    expect(setToml('a.b.c = 1 # one\nz = 2\n', ['a', 'b', 'd'], 2)).toBe('a.b.c = 1 # one\na.b.d = 2\nz = 2\n');
  });

  it('keeps line ends, a missing last one and a byte order mark', () => {
    expect(setToml('a = 1\r\n[b]\r\nx = 1\r\n', ['b', 'y'], 2)).toBe('a = 1\r\n[b]\r\nx = 1\r\ny = 2\r\n');
    expect(setToml('[b]\nx = 1', ['b', 'y'], 2)).toBe('[b]\nx = 1\ny = 2\n');
    expect(setToml('\uFEFF[b]\nx = 1\n', ['a'], 2)).toBe('\uFEFFa = 2\n\n[b]\nx = 1\n');
  });

  it('refuses to go through a plain value, and a gap in a list', () => {
    expect(() => setToml('a = 1', ['a', 'b'], 1)).toThrow(EditError);
    expect(() => setToml('a = [1]', ['a', '3'], 1)).toThrow(/next position is 1/);
  });
});

describe('removing', () => {
  it('takes a key with its line', () => {
    expect(difference(FILE, unsetToml(FILE, [...main, 'model']))).toEqual({ gone: ["model = 'claude-a'"], came: [] });
  });

  it('takes a table with its own comment block and leaves the headings around it', () => {
    const after = unsetToml(FILE, main);
    expect(after).toContain('# -- spares --');
    expect(after).toContain('# kept by hand');
    expect(after).not.toContain('# The main one');
    expect(after).not.toContain('cheap');
    expect(valueAt(parse(after), ['providers', 'models', 'openai', 'spare', 'model'])).toBe('gpt-x');
  });

  it('takes one item of a list, wherever it stands', () => {
    expect(unsetToml('a = [1, 2, 3]', ['a', '0'])).toBe('a = [2, 3]');
    expect(unsetToml('a = [1, 2, 3]', ['a', '2'])).toBe('a = [1, 2]');
    expect(unsetToml('a = [1]', ['a', '0'])).toBe('a = []');
    expect(unsetToml('a = { b = 1, c = 2 }', ['a', 'b'])).toBe('a = { c = 2 }');
    expect(unsetToml('[[a]]\nx = 1\n\n[[a]]\nx = 2\n', ['a', '0'])).toBe('[[a]]\nx = 2\n');
  });

  it('is no change where nothing is', () => {
    expect(unsetToml(FILE, ['nothing', 'here'])).toBe(FILE);
  });
});

describe('renaming', () => {
  it('changes the name in the header, its sub-tables and dotted keys only', () => {
    const text = '[p.a.old] # c\nx = 1\n\n[p.a.old.sub]\ny = 2\n\n[p.a.other]\nold = 1\n';
    expect(renameToml(text, ['p', 'a', 'old'], 'my new')).toBe(
      text.replace('[p.a.old]', '[p.a."my new"]').replace('[p.a.old.sub]', '[p.a."my new".sub]'),
    );
    expect(renameToml('p.old.x = 1\n[q]\nold = 2\n', ['p', 'old'], 'n')).toBe('p.n.x = 1\n[q]\nold = 2\n');
  });

  it('refuses a name that is taken', () => {
    expect(() => renameToml('[a.b]\n[a.c]\n', ['a', 'b'], 'c')).toThrow(/exists already/);
  });
});

describe('a new table', () => {
  it('takes lines as they are given', () => {
    expect(insertTable('[gateway]\nport = 1\n', ['agents', 'x'], '# model_provider = ""\n')).toBe(
      '[gateway]\nport = 1\n\n[agents.x]\n# model_provider = ""\n',
    );
  });
});

const name = fc.constantFrom('a', 'b', 'c', 'x-y', 'dotted.key', 'ü');
const scalar = fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(name, scalar, { maxKeys: 2 }));
const path = fc.array(name, { minLength: 1, maxLength: 4 });

const comment = fc.stringMatching(/^[ -~]{0,12}$/).map((text) => `#${text}`);
const quoted = (key: string) => (/^[\w-]+$/.test(key) && !/ü/.test(key) ? key : JSON.stringify(key));

/** Documents of odd but valid layout. */
const pair = fc
  .tuple(
    name,
    fc.constantFrom(
      '1',
      '1.50',
      '"s # no"',
      "'lit'",
      '"""\nlong\n"""',
      '[ 1, # c\n 2 ]',
      '{ a = 1, b = [2] }',
      '[]',
      '{}',
    ),
    fc.constantFrom('', ' ', '  # after'),
  )
  .map(([key, text, after]) => `${quoted(key)}  = ${text}${after}`);
const line = fc.oneof(pair, comment, fc.constant(''), fc.constant('   '));
const header = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([keys, list]) => (list ? `[[ ${keys.map(quoted).join(' . ')} ]]` : `[${keys.map(quoted).join('.')}] # h`));
const document = fc
  .tuple(
    fc.array(line, { maxLength: 4 }),
    fc.array(fc.tuple(header, fc.array(line, { maxLength: 4 })), { maxLength: 4 }),
    fc.constantFrom('\n', '\r\n'),
    fc.boolean(),
  )
  .map(
    ([top, tables, newline, closed]) =>
      [...top, ...tables.flatMap(([head, body]) => [head, ...body])].join('\n').replaceAll('\n', newline) +
      (closed ? newline : ''),
  )
  .filter((text) => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  });

const edit = fc.oneof(
  fc.record({ op: fc.constant('set' as const), path, value }),
  fc.record({ op: fc.constant('unset' as const), path }),
);

function isSubsequence(small: readonly string[], big: readonly string[]): boolean {
  let at = 0;
  for (const item of big) if (at < small.length && item === small[at]) at++;
  return at === small.length;
}

const comments = (text: string) => text.split(/\r?\n/).filter((row) => /^\s*#/.test(row));

function without(tree: Tree, gone: readonly string[]): Tree {
  const copy = copyTree(tree);
  if (valueAt(copy, gone) !== undefined) deleteAt(copy, gone);
  return prune(copy) as Tree;
}

function prune(node: unknown): unknown {
  if (!isTree(node)) return node;
  return Object.fromEntries(
    Object.entries(node)
      .map(([key, inner]) => [key, prune(inner)] as const)
      .filter(([, inner]) => !isTree(inner) || Object.keys(inner).length > 0),
  );
}

describe('random edits of random documents', () => {
  it('parse to what was meant, and leave every line alone that was not', () => {
    let done = 0;
    fc.assert(
      fc.property(document, fc.array(edit, { minLength: 1, maxLength: 5 }), (start, edits) => {
        let text = start;
        for (const step of edits) {
          const tree = parse(text) as Tree;
          let next: string;
          try {
            next = step.op === 'set' ? setToml(text, step.path, step.value) : unsetToml(text, step.path);
          } catch (error) {
            if (error instanceof EditError) continue;
            throw error;
          }
          done++;
          const after = parse(next) as Tree;
          if (step.op === 'set') {
            const wanted = copyTree(tree);
            setAt(wanted, step.path, step.value);
            expect(sameValue(after, wanted)).toBe(true);
            // Nothing was there: every line of the old text is still there, in order.
            if (valueAt(tree, step.path) === undefined && !/[[{][^\n]*$/m.test(text)) {
              expect(isSubsequence(text.split(/\r?\n/), next.split(/\r?\n/))).toBe(true);
            }
            if (!Array.isArray(valueAt(tree, step.path)) && !isTree(valueAt(tree, step.path))) {
              expect(isSubsequence(comments(text), comments(next))).toBe(true);
            }
          } else {
            expect(prune(after)).toEqual(without(tree, step.path));
          }
          text = next;
        }
      }),
      { numRuns: 600, seed: 7 },
    );
    expect(done).toBeGreaterThan(800);
  });

  it('of existing places change that place only', () => {
    fc.assert(
      fc.property(document, fc.nat(), scalar, (text, pick, next) => {
        const tree = parse(text) as Tree;
        const places = leaves(tree, []);
        const place = places[pick % Math.max(1, places.length)];
        fc.pre(place !== undefined);
        const after = setToml(text, place, next);
        const wanted = copyTree(tree);
        setAt(wanted, place, next);
        expect(sameValue(parse(after), wanted)).toBe(true);
        let head = 0;
        while (head < text.length && text[head] === after[head]) head++;
        let tail = 0;
        while (tail < Math.min(text.length, after.length) - head && text.at(-1 - tail) === after.at(-1 - tail)) tail++;
        // One stretch is replaced; it holds no comment and no second key.
        expect(text.slice(head, text.length - tail)).not.toMatch(/#(?! no)/);
      }),
      { numRuns: 200, seed: 3 },
    );
  });
});

function leaves(node: unknown, at: readonly string[]): string[][] {
  if (Array.isArray(node)) return node.flatMap((item, index) => leaves(item, [...at, String(index)]));
  if (isTree(node)) return Object.entries(node).flatMap(([key, inner]) => leaves(inner, [...at, key]));
  return [[...at]];
}
