import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Waterfall } from '@standin/dashboard/api/types';
import { createApp } from '../src/ui/app.ts';
import { createFeed } from '../src/ui/gateway/feed.ts';
import { isLoopback } from '../src/ui/gateway/access.ts';
import { linesOf } from '../src/ui/panes/waterfall.ts';
import { createCanvas, difference, type Canvas } from '../src/ui/screen/canvas.ts';
import { lineOf, typed } from '../src/ui/screen/input.ts';
import { listenToKeys, type Key } from '../src/ui/screen/keys.ts';
import { FIRST, kept, moved } from '../src/ui/screen/list.ts';
import { DRAWN, glyphsFor, LETTERS, RED, REVERSE } from '../src/ui/screen/style.ts';
import { clip, fit, harmless, signsOf, widthOf, wrap } from '../src/cli/terminal-text.ts';

const anything = fc.string({ unit: 'binary', maxLength: 200 });
const shown = (canvas: Canvas): string[] =>
  Array.from({ length: canvas.rows }, (_, y) =>
    canvas.cells.slice(y * canvas.columns, (y + 1) * canvas.columns).join(''),
  );

describe('text of any origin', () => {
  it('holds nothing that a terminal obeys, and nothing that turns the direction of writing', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const plain = harmless(text);
        expect(plain).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069\u200B\uFEFF]/u);
      }),
    );
    expect(harmless('\u001B]0;title\u0007\u001B[2J\r\n\u009Bx\u202Eevil')).toBe(
      '␛]0;title␇␛[2J␍␊‹U+009B›x‹U+202E›evil',
    );
    expect(harmless('<script>alert(1)</script>')).toBe('<script>alert(1)</script>');
  });

  it('never takes more columns than it is given', () => {
    fc.assert(
      fc.property(anything, fc.integer({ min: 1, max: 60 }), (text, width) => {
        expect(widthOf(clip(text, width))).toBeLessThanOrEqual(width);
        expect(widthOf(fit(text, width))).toBe(width);
        for (const line of wrap(text, width)) expect(widthOf(line)).toBeLessThanOrEqual(Math.max(2, width));
      }),
    );
    expect(clip('好好好好', 5)).toBe('好好…');
    expect(clip('e\u0301'.repeat(5), 5)).toBe('e\u0301'.repeat(5));
    expect([...signsOf(`e${'\u0301'.repeat(5000)}`)][0]?.text.length).toBeLessThan(20);
  });

  it('costs what is shown of it, not what there is', () => {
    const huge = '\u001B[31m漢字 and more '.repeat(700_000);
    const since = performance.now();
    for (let times = 0; times < 100; times++) clip(huge, 200);
    wrap(huge, 80, 200);
    expect(performance.now() - since).toBeLessThan(1_000);
    expect(clip(huge, 10)).toBe('␛[31m漢字…');
  });

  it('is broken at spaces and line ends, and loses no letter', () => {
    expect(wrap('one two three\nfour', 9)).toEqual(['one two', 'three', 'four']);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '好'), maxLength: 120 }), (text) => {
        expect(wrap(text, 7, 1_000).join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });
});

describe('the canvas', () => {
  it('keeps wide signs whole when they are written over', () => {
    const canvas = createCanvas(6, 1, DRAWN);
    canvas.put(0, 0, '好好好');
    canvas.put(1, 0, 'x');
    expect(canvas.cells).toEqual([' ', 'x', '好', '', '好', '']);
    canvas.put(5, 0, '好');
    expect(shown(canvas)[0]).toBe(' x好 …');
  });

  it('sends only what changed, and colour only where it is wanted', () => {
    const [one, two] = [createCanvas(20, 3, DRAWN), createCanvas(20, 3, DRAWN)];
    one.put(0, 1, 'waiting', RED | REVERSE);
    two.put(0, 1, 'waited!', RED | REVERSE);
    expect(difference(one, one, true)).toBe('');
    const change = difference(one, two, true);
    expect(change).toContain('\u001B[2;5H\u001B[0;7;31med!');
    expect(change).not.toContain('wait');
    expect(difference(one, two, false)).toContain('\u001B[0;7med!');
    expect(difference(createCanvas(10, 3, DRAWN), two, true)).toContain('\u001B[2J');
  });

  it('draws with letters where the locale is not UTF-8', () => {
    expect(glyphsFor({ LANG: 'C' })).toBe(LETTERS);
    expect(glyphsFor({ LC_ALL: 'de_DE.UTF-8', LANG: 'C' })).toBe(DRAWN);
    expect(glyphsFor({})).toBe(DRAWN);
    const canvas = createCanvas(8, 3, LETTERS);
    canvas.frame({ x: 0, y: 0, width: 8, height: 3 }, 'ab');
    expect(shown(canvas)).toEqual(['+- ab -+', '|      |', '+------+']);
  });
});

describe('keys', () => {
  const pressed = async (bytes: string): Promise<Key[]> => {
    const input = new PassThrough();
    const keys: Key[] = [];
    const stop = listenToKeys(input, (key) => keys.push(key));
    input.write(bytes);
    await turn();
    stop();
    return keys;
  };

  it('are told apart from what is typed and pasted', async () => {
    expect(await pressed('aÄ好\u001B[A\r\t\u001B[Z\u0003\u007F')).toEqual([
      { name: 'a', text: 'a' },
      { name: 'Ä', text: 'Ä' },
      { name: '好', text: '好' },
      { name: 'up' },
      { name: 'enter' },
      { name: 'tab' },
      { name: 'shift-tab' },
      { name: 'ctrl-c' },
      { name: 'backspace' },
    ]);
    expect(await pressed('\u001B[200~q?\r\nsecond\u001B[201~')).toEqual([{ name: 'paste', text: 'q?\r\nsecond' }]);
    expect(await pressed('\u001B1')).toEqual([{ name: 'escape' }, { name: '1', text: '1' }]);
  });

  it('edit a line by whole signs', () => {
    const after = (...keys: Key[]): string => keys.reduce((line, key) => typed(line, key) ?? line, lineOf('ab👨‍👩‍👧')).text;
    expect(after({ name: 'backspace' })).toBe('ab');
    expect(after({ name: 'left' }, { name: 'x', text: 'x' })).toBe('abx👨‍👩‍👧');
    expect(after({ name: 'ctrl-u' }, { name: 'paste', text: 'one\ntwo\n' })).toBe('one two');
    expect(after({ name: 'home' }, { name: 'delete' })).toBe('b👨‍👩‍👧');
  });

  it('move in lists without leaving them', () => {
    expect(moved(FIRST, 'up', 5, 3)).toEqual({ selected: 0, top: 0 });
    expect(moved(FIRST, 'G', 100, 10)).toEqual({ selected: 99, top: 90 });
    expect(moved({ selected: 99, top: 90 }, 'page-up', 100, 10)).toEqual({ selected: 90, top: 90 });
    expect(kept({ selected: 99, top: 90 }, 3, 10)).toEqual({ selected: 2, top: 0 });
    expect(kept({ selected: 5, top: 0 }, 0, 10)).toEqual({ selected: 0, top: 0 });
    expect(moved(FIRST, 'x', 5, 3)).toBeUndefined();
  });
});

describe('one request as text', () => {
  const attempt = {
    attempt: 1, target: 'a.b/m', provider: 'a.b', model: 'm', wire: null, key: '1a2b3c4d', outcome: 'truncated', status: 200,
    code: null, phase: 'content', waitedMs: 0, startedMs: 0, firstContentMs: 200, endedMs: 500, retryAfterMs: null,
    hedge: false, cut: true, rescue: null, spliceAt: null, reason: 'first', rule: null, message: 'it broke \u001B[2J off',
    bytes: 10, vendorRequestId: null, inputTokens: 1, outputTokens: 2, costUsd: null, lost: [],
  } as const; // prettier-ignore
  const picture: Waterfall = {
    id: 'req_1', source: 'memory', startedAt: 0, requestedModel: 'm', mode: 'stream', outcome: 'ok', message: null,
    tookMs: 1_000, costUsd: null, deadlineMs: null,
    attempts: [
      attempt,
      { ...attempt, attempt: 2, target: 'c.d/m', outcome: 'ok', cut: false, rescue: 'replay', waitedMs: 200, startedMs: 700, firstContentMs: 800, endedMs: 1_000, spliceAt: 42, message: null },
    ],
    // oxlint-disable-next-line unicorn/no-thenable -- a word, not a function
    decisions: [{ atMs: 500, kind: 'rescue', after: 'it failed', then: 'asked c.d', rule: 'the rule', health: [], attempt: 2 }],
    replay: null, content: null, curl: null,
  }; // prettier-ignore

  it('shows waits, first token, cut, splice, cost and the rule on one time axis', () => {
    const lines = linesOf(picture, 78, DRAWN).map((parts) => parts.map(([text]) => text).join(''));
    const [first = '', second = ''] = lines.filter((line) => /^\d \w\.\w\/m/.test(line));
    expect(first).toMatch(/^1 a\.b\/m +░+▒+ +x truncated$/);
    expect(second).toMatch(/^2 c\.d\/m +·+░+█+\+ ok$/);
    expect(second.indexOf('·')).toBeGreaterThanOrEqual(first.lastIndexOf('▒'));
    const text = lines.join('\n');
    expect(text).toContain('mended');
    expect(text).toContain('cut in mid-answer after 300 ms of content');
    expect(text).toContain('mended by replay; spliced on at character 42');
    expect(text).toContain('waited 200 ms');
    expect(text).toContain('first token after 200 ms');
    expect(text).toContain('cost unknown');
    expect(text).toContain('rule: the rule');
    expect(text).toContain('it broke ␛[2J off');
  });

  it('fits every width', () => {
    for (const width of [48, 78, 158, 300])
      for (const parts of linesOf(picture, width, DRAWN))
        expect(widthOf(parts.map(([text]) => text).join(''))).toBeLessThanOrEqual(width);
  });
});

describe('the app', () => {
  const open = (columns: number, rows: number) => {
    let canvas = createCanvas(columns, rows, DRAWN);
    const screen = {
      draw(paint: (canvas: Canvas) => void) {
        canvas = createCanvas(columns, rows, DRAWN);
        paint(canvas);
      },
      suspend() {},
    };
    let quits = 0;
    const app = createApp(screen, ['Config', 'Requests'], () => quits++);
    app.draw();
    return { app, lines: () => shown(canvas), quits: () => quits };
  };

  it('says how large it must be where it does not fit, and never fails to draw', () => {
    const { app, lines } = open(30, 5);
    expect(lines().join('\n')).toContain('50x12 is needed');
    app.close();
    for (const [columns, rows] of [
      [1, 1],
      [50, 12],
      [80, 24],
      [300, 100],
    ] as const) {
      const one = open(columns, rows);
      one.app.key({ name: '?' });
      one.app.draw();
      one.app.close();
    }
  });

  it('leaves with q and Ctrl-C, also from its help', () => {
    const { app, quits } = open(80, 24);
    app.key({ name: '?' });
    app.key({ name: 'q', text: 'q' });
    expect(quits()).toBe(0);
    app.key({ name: 'q', text: 'q' });
    app.key({ name: 'ctrl-c' });
    expect(quits()).toBe(2);
    app.close();
  });
});

describe('what the gateway tells', () => {
  const row = (id: string, startedAt: number) => ({
    id,
    startedAt,
    requestedModel: 'm',
    outcome: 'ok',
    tookMs: 1,
    attempts: 1,
    provider: 'a.b',
    model: 'm',
  });

  it('is kept once, newest first, and never without bound', () => {
    const feed = createFeed();
    feed.take('snapshot', {
      at: Date.now(),
      workers: 1,
      chains: [],
      targets: [],
      active: [],
      activeTotal: 0,
      requests: [row('b', 2), row('a', 1)],
    });
    feed.take('delta', { requests: [row('b', 2), row('c', 3)] });
    feed.add([row('a', 1), row('0', 0)]);
    expect(feed.rows.map(({ id }) => id)).toEqual(['c', 'b', 'a', '0']);
    for (let batch = 0; batch < 20; batch++)
      feed.take('delta', { requests: Array.from({ length: 250 }, (_, index) => row(`x${batch}-${index}`, index)) });
    expect(feed.rows).toHaveLength(2_000);
  });

  it('a session of this home is begun for this machine only', () => {
    expect(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'].every(isLoopback)).toBe(true);
    expect(['example.com', '127.evil.com', '10.0.0.1', '128.0.0.1', 'localhost.evil.com'].some(isLoopback)).toBe(false);
  });
});
