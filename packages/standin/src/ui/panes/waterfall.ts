import type { Waterfall, WaterfallAttempt } from '@standin/dashboard/api/types';
import { bytes, count, duration, fullTime, usd } from '@standin/dashboard/lib/format';
import { attemptLook, outcomeLook } from '@standin/dashboard/lib/outcome';
import { barsOf, type Bar } from '@standin/dashboard/lib/waterfall';
import { BOLD, CYAN, DIM, GREEN, PLAIN, RED, YELLOW, type Glyphs, type Look } from '../screen/style.ts';
import { clip, fit, wrap } from '../../cli/terminal-text.ts';
import { lookOf } from './looks.ts';

/** One line: pieces of text with their looks. */
export type ShownLine = readonly (readonly [text: string, look: Look])[];

const MOST_CONTENT_LINES = 200;

/** One request as lines of `width` columns: what it was, its attempts on one time axis, why, and what was said. */
export function linesOf(picture: Waterfall, width: number, glyphs: Glyphs): readonly ShownLine[] {
  const { id, requestedModel, outcome, attempts, tookMs, costUsd, mode, source, startedAt, message } = picture;
  const rescue = attempts.find((one) => one.rescue !== null && one.outcome === 'ok')?.rescue ?? null;
  const look = outcomeLook({ outcome, attempts: attempts.length, rescue });
  const lines: ShownLine[] = [
    [[id, BOLD]],
    [
      [look.text, lookOf(look)],
      [clip(`  asked for ${requestedModel === '' ? 'the default' : requestedModel}`, width - 14), PLAIN],
    ],
  ];
  const tries = `${count(attempts.length)} ${attempts.length === 1 ? 'attempt' : 'attempts'}`;
  const facts = `${duration(tookMs)}  cost ${usd(costUsd)}  ${tries}  ${mode}  ${fullTime(startedAt)}`;
  for (const line of wrap(facts, width, 3)) lines.push([[line, PLAIN]]);
  if (message !== null) for (const line of wrap(message, width, 6)) lines.push([[line, RED]]);
  if (source === 'ledger') lines.push([['From the ledger: the decisions were not kept.', DIM]]);
  lines.push([]);
  const end = Math.max(1, tookMs ?? 0, ...attempts.map((one) => one.endedMs));
  const name = Math.max(14, Math.min(34, Math.floor(width * 0.3)));
  const lane = Math.max(10, width - name - 16);
  if (attempts.length > 0) lines.push([[`${fit('', name)}0${fit('', lane - 2)}${duration(end)}`, DIM]]);
  for (const attempt of attempts) lines.push(...attemptLines(attempt, { end, name, lane, width, glyphs }));
  if (attempts.length > 0) {
    lines.push([]);
    for (const line of wrap(legend(glyphs), width, 3)) lines.push([[line, DIM]]);
  }
  lines.push(...decisionLines(picture, width), ...contentLines(picture, width));
  return lines;
}

interface Measures {
  readonly end: number;
  readonly name: number;
  readonly lane: number;
  readonly width: number;
  readonly glyphs: Glyphs;
}

function attemptLines(attempt: WaterfallAttempt, { end, name, lane, width, glyphs }: Measures): ShownLine[] {
  const look = attemptLook(attempt.outcome);
  const lines: ShownLine[] = [
    [
      [fit(`${attempt.attempt} ${attempt.target}`, name - 1), BOLD],
      [' ', PLAIN],
      ...laneOf(attempt, end, lane, glyphs),
      [` ${look.text}`, lookOf(look)],
    ],
  ];
  const say = (text: string, tone: Look = DIM): void => {
    for (const line of wrap(text, width - 4, 4)) lines.push([[`    ${line}`, tone]]);
  };
  say(timesOf(attempt));
  if (attempt.cut)
    say(`cut in mid-answer after ${duration(attempt.endedMs - (attempt.firstContentMs ?? 0))} of content`, RED);
  if (attempt.rescue !== null) {
    const at = attempt.spliceAt === null ? '' : `; spliced on at character ${count(attempt.spliceAt)}`;
    say(`${attempt.outcome === 'ok' ? 'mended by' : 'asked to mend it by'} ${attempt.rescue}${at}`, YELLOW);
  }
  if (attempt.hedge) say('asked beside a slow one (hedge)', CYAN);
  if (attempt.message !== null) say(`${attempt.status === null ? '' : `${attempt.status} `}${attempt.message}`, RED);
  say(`why: ${attempt.reason}${attempt.rule === null ? '' : `; rule: ${attempt.rule}`}`, PLAIN);
  if (attempt.lost.length > 0) say(`lost on the way: ${attempt.lost.join(', ')}`, YELLOW);
  return lines;
}

/** The lane in words; the picture says nothing that is not here. */
function timesOf(one: WaterfallAttempt): string {
  const words: string[] = [];
  if (one.waitedMs > 0) words.push(`waited ${duration(one.waitedMs)}`);
  words.push(`${duration(one.startedMs)} to ${duration(one.endedMs)}`);
  words.push(
    one.firstContentMs === null ? 'no token' : `first token after ${duration(one.firstContentMs - one.startedMs)}`,
  );
  if (one.retryAfterMs !== null) words.push(`retry after ${duration(one.retryAfterMs)}`);
  words.push(`cost ${usd(one.costUsd)}`);
  if (one.inputTokens !== null || one.outputTokens !== null)
    words.push(`${count(one.inputTokens)} → ${count(one.outputTokens)} tokens`);
  if (one.bytes !== null) words.push(bytes(one.bytes));
  if (one.key !== null && one.key !== 'none') words.push(`key ${one.key}`);
  return words.join(', ');
}

const LOOKS: Readonly<Record<Bar['kind'], Look>> = { wait: DIM, silent: CYAN, content: GREEN, lost: RED };

function signOf(kind: Bar['kind'], { dot, light, full, half }: Glyphs): string {
  return { wait: dot, silent: light, content: full, lost: half }[kind];
}

/** Bars in cells; what took any time at all is seen. */
function laneOf(attempt: WaterfallAttempt, end: number, width: number, glyphs: Glyphs): [string, Look][] {
  const cells: (Bar['kind'] | undefined)[] = Array.from({ length: width });
  for (const { kind, left, width: share } of barsOf(attempt, end)) {
    const from = Math.min(width - 1, Math.floor((left / 100) * width));
    const to = Math.max(from + 1, Math.round(((left + share) / 100) * width));
    for (let at = from; at < Math.min(width, to); at++) cells[at] = kind;
  }
  const parts: [string, Look][] = [];
  for (const kind of cells) {
    const [text, look]: [string, Look] = kind === undefined ? [' ', PLAIN] : [signOf(kind, glyphs), LOOKS[kind]];
    const last = parts.at(-1);
    if (last !== undefined && last[1] === look) last[0] += text;
    else parts.push([text, look]);
  }
  const mark = attempt.cut ? 'x' : attempt.spliceAt === null ? '' : '+';
  return mark === '' ? [...parts, [' ', PLAIN]] : [...parts, [mark, attempt.cut ? RED | BOLD : YELLOW | BOLD]];
}

function legend({ dot, light, full, half }: Glyphs): string {
  return `${dot} waited  ${light} until the first token  ${full} content  ${half} content of a failed attempt  x cut  + spliced on`;
}

function decisionLines({ decisions, replay }: Waterfall, width: number): ShownLine[] {
  if (decisions.length === 0) return [];
  const lines: ShownLine[] = [[], [['Decisions', BOLD]]];
  for (const one of decisions) {
    for (const line of wrap(`${duration(one.atMs)}  ${one.after}: ${one.then}`, width, 4)) lines.push([[line, PLAIN]]);
    if (one.rule !== null)
      for (const line of wrap(`rule: ${one.rule}`, width - 4, 4)) lines.push([[`    ${line}`, CYAN]]);
    for (const state of one.health) for (const line of wrap(state, width - 4, 2)) lines.push([[`    ${line}`, DIM]]);
  }
  if (replay !== null && !replay.same)
    lines.push([[`Taken again, the walk differs: ${replay.differences.join('; ')}`, YELLOW]]);
  return lines;
}

const NOT_KEPT = 'Messages are not kept ([ledger] content = true keeps them).';

function contentLines({ content }: Waterfall, width: number): ShownLine[] {
  if (content === null) return [[], ...wrap(NOT_KEPT, width, 2).map((line): ShownLine => [[line, DIM]])];
  const part = (title: string, text: string, isCut: boolean): ShownLine[] => [
    [],
    [
      [title, BOLD],
      [isCut ? '  (begin)' : '', DIM],
    ],
    ...wrap(text, width, MOST_CONTENT_LINES).map((line): ShownLine => [[line, PLAIN]]),
  ];
  return [
    ...part('Request', content.request, content.requestTruncated),
    ...part('Answer', content.answer, content.answerTruncated),
  ];
}
