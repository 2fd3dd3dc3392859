import { DEFAULT_LIMITS, type Plan, type Target } from '@standin/core/route/target';
import { describe, expect, it } from 'vitest';
import { worstCase } from '../src/plan/timings.ts';
import { drawTree, treeOf } from '../src/plan/tree.ts';
import { weakPoints } from '../src/plan/weak-points.ts';
import { configToml, run, workspace } from './support.ts';

const target = (entry: string, model: string, more: Partial<Target> = {}): Target => ({
  entry,
  slot: entry.split('.')[0] ?? '',
  model,
  keys: [{ fingerprint: `key of ${entry}` }],
  via: { provider: { name: entry, capabilities: { streaming: true }, chat: () => ({}) as never } },
  ...more,
});

const planOf = (targets: readonly Target[], limits: Partial<Plan['limits']> = {}): Plan => ({
  requestedModel: '',
  targets,
  limits: { ...DEFAULT_LIMITS, ...limits },
  warnings: [],
});

const walk = (...targets: readonly (readonly [Target, string])[]) =>
  targets.map(([one, url]) => ({ target: one, url }));

describe('weak points', () => {
  const first = target('a.main', 'big', { contextWindow: 200_000, vision: true });

  it('are none in a walk of two hosts, two keys and equal models', () => {
    expect(weakPoints(walk([first, 'https://a.test/v1'], [target('b.main', 'big'), 'https://b.test/v1']))).toEqual([]);
  });

  it('name a walk without a spare and one without anybody', () => {
    expect(weakPoints(walk([first, 'https://a.test/v1']))[0]).toContain('no fallback');
    expect(weakPoints([])).toEqual(['there is no usable target']);
  });

  it('name entries behind one host, and behind one key', () => {
    const shared = { keys: [{ fingerprint: 'same' }] };
    const found = weakPoints(
      walk(
        [first, 'https://a.test/v1'],
        [target('b.one', 'm', shared), 'https://b.test/v1/x'],
        [target('b.two', 'n', shared), 'https://b.test/v1/x'],
      ),
    );
    expect(found).toEqual([
      'b.one and b.two are all at b.test: they fail together',
      'b.one and b.two share key:same: a limit or refusal strikes them together',
    ]);
  });

  it('name a single host for the whole walk', () => {
    const found = weakPoints(walk([first, 'https://a.test/v1'], [target('a.main', 'small'), 'https://a.test/v1']));
    expect(found[0]).toBe('every target is at a.test: when it is down, the call fails');
  });

  it('name spares that read less, see nothing, or have no tools or credential', () => {
    const spare = target('b.main', 'tiny', {
      contextWindow: 8_192,
      vision: false,
      nativeTools: false,
      keys: [{ fingerprint: 'none' }],
    });
    const found = weakPoints(walk([first, 'https://a.test/v1'], [spare, 'https://b.test/v1'])).join('\n');
    expect(found).toContain('b.main has no credential');
    expect(found).toContain('b.main tiny reads 8,192 tokens, the first target 200,000 tokens');
    expect(found).toContain('b.main tiny has no vision');
    expect(found).toContain('b.main tiny has no tools of its own');
  });
});

describe('the worst case', () => {
  it('adds up the silence of those before, within the deadline', () => {
    const three = [target('a.a', 'm'), target('b.b', 'n', { firstContentMs: 60_000, retries: 0 }), target('c.c', 'o')];
    const worst = worstCase(planOf(three));
    expect(worst.targets.map(({ askedByMs }) => askedByMs)).toEqual([0, 12_000, 72_000]);
    expect(worst.targets.map(({ silentMs }) => silentMs)).toEqual([12_000, 60_000, 120_000]);
    expect(worst.targets.map(({ backoffMs }) => backoffMs)).toEqual([1_500, 0, 1_500]);
    expect(worst.hedgeMs).toBe(8_000);
    expect(worstCase(planOf(three, { deadlineMs: 20_000 })).targets[2]?.askedByMs).toBe(20_000);
  });

  it('waits longer for a target that is alone', () => {
    const worst = worstCase(planOf([target('a.a', 'm')]));
    expect(worst.targets[0]?.silentMs).toBe(DEFAULT_LIMITS.firstContentLastMs);
    expect(worst.hedgeMs).toBeUndefined();
  });
});

describe('the tree', () => {
  const entry = (ref: string, fallback: readonly string[]) => [ref, { ref, fields: { fallback } }] as const;
  const config = {
    entries: new Map([entry('a.a', ['b.b', 'd.d']), entry('b.b', ['c.c']), entry('c.c', []), entry('d.d', [])]),
    extraFallbacks: [],
    defaultEntry: 'a.a',
  } as unknown as Parameters<typeof treeOf>[1];

  it('hangs spares below the entry that names them', () => {
    const lines = drawTree(treeOf(['a.a', 'a.a', 'b.b', 'c.c', 'd.d'], config));
    const drawn = lines.map(({ stem, shows }) => stem + ('entry' in shows ? shows.entry : String(shows.target + 1)));
    expect(drawn).toEqual(['a.a', '├─ 1', '├─ 2', '├─ b.b', '│  ├─ 3', '│  └─ c.c', '│     └─ 4', '└─ d.d', '   └─ 5']);
  });

  it('puts entries that nothing connects side by side', () => {
    expect(treeOf(['d.d', 'c.c'], config).map(({ entry: ref }) => ref)).toEqual(['d.d', 'c.c']);
  });
});

describe('standin plan', () => {
  it('prints the tree, and keeps targets and warnings of --json as they are promised', async () => {
    const entries = {
      'openai.main': { model: 'gpt-4o', api_key: 'sk-planted-1', fallback: ['custom.home'] },
      'custom.home': { uri: 'http://127.0.0.1:9/v1', model: 'small', context_window: 4096 },
    };
    const place = await workspace({ 'standin.toml': configToml(entries) });
    const human = await run(['plan'], { cwd: place.dir });
    expect(human.stdout).toMatch(/openai\.main[^\n]*\n├─ 1\. gpt-4o\n/);
    expect(human.stdout).toMatch(/└─ custom\.home[^\n]*\n {3}└─ 2\. small\n/);
    expect(human.stdout).toContain('asked after 12 s at the latest');
    expect(human.stdout).toContain('weak: custom.home small reads 4,096 tokens');
    expect(human.stdout).not.toContain('planted');
    const json = await run(['plan', '--json'], { cwd: place.dir });
    const { targets, warnings, weak_points, worst_case } = JSON.parse(json.stdout) as Record<string, unknown[]>;
    expect(targets?.map((one) => Object.keys(one as object))).toEqual(
      Array.from({ length: 2 }, () => ['entry', 'slot', 'model', 'wire', 'url', 'keys']),
    );
    expect(warnings).toEqual([]);
    expect(weak_points?.length).toBeGreaterThan(0);
    expect(worst_case).toMatchObject({ hedge_ms: 8000, targets: [{ asked_by_ms: 0 }, { asked_by_ms: 12_000 }] });
    await place.remove();
  });
});
