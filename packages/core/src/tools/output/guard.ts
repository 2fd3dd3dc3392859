import { ProviderError } from '../../spec/errors.ts';
import type { StreamEvent } from '../../spec/event.ts';
import type { Message } from '../../spec/message.ts';
import type { SchemaValidator } from '../../spec/provider.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { jsonIn } from './extract.ts';
import { createFenceFilter } from './fence-filter.ts';
import { instructOutput, type StructuredFormat, type StructuredSupport } from './instruct.ts';
import { createRewriter } from './rewriter.ts';

export interface OutputGuardOptions {
  /** Absent: only checked for being JSON. */
  readonly validate?: SchemaValidator;
}

/** Watches over the structured output of one request, through all of its attempts. */
export interface OutputGuard {
  /** The request as a target with this much support is asked, after a failed answer with what was wrong with it. */
  requestFor(request: ChatRequest, support: StructuredSupport): ChatRequest;
  /** Reads one attempt's answer. */
  reader(options: ReaderOptions): OutputReader;
  /** A streamed answer is held back until it is checked, because a repair was asked for. */
  readonly holdsBack: boolean;
  /** What is wrong with the text of a finished answer; empty: it fits. */
  problemsIn(text: string): readonly string[];
}

export interface ReaderOptions {
  readonly mode: 'stream' | 'whole';
  /** The format was asked for in words only: fences and prose around the answer are taken off. */
  readonly instructed: boolean;
  /** False for an attempt that only continues an answer. Default true. */
  readonly check?: boolean;
}

export interface OutputReader {
  /**
   * Events as the caller shall see them. A whole answer that does not fit throws `ProviderError` kind `protocol`, rule
   * `schema`: the attempt failed. In a stream, where everything is delivered already, a warning comes before the finish.
   */
  push(events: readonly StreamEvent[]): readonly StreamEvent[];
}

const MAX_PROBLEMS = 10;
const MAX_SHOWN_ANSWER = 20_000;

export function createOutputGuard(format: StructuredFormat, options: OutputGuardOptions = {}): OutputGuard {
  let failed: { readonly text: string; readonly problems: readonly string[] } | undefined;
  let repairs = 0;
  const wantsRepair = format.repair === true;

  const problemsOf = (text: string): readonly string[] => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return ['it is not valid JSON'];
    }
    if (format.type === 'json' || options.validate === undefined) return [];
    return options.validate(value, format.schema).slice(0, MAX_PROBLEMS);
  };

  return {
    holdsBack: wantsRepair,
    problemsIn: problemsOf,
    requestFor(request, support) {
      const asked = instructOutput(request, format, support);
      if (!wantsRepair || failed === undefined || repairs > 0) return asked;
      repairs += 1;
      return { ...asked, messages: [...asked.messages, ...repairTurns(failed.text, failed.problems)] };
    },
    reader(reading) {
      const refuse = (text: string, problems: readonly string[]): never => {
        failed = { text, problems };
        throw new ProviderError({ kind: 'protocol', rule: 'schema', message: complaint(format, problems) });
      };
      return reading.mode === 'whole' || wantsRepair
        ? wholeReader(reading, problemsOf, refuse)
        : streamReader(reading, problemsOf, (problems) => complaint(format, problems));
    },
  };
}

function complaint(format: StructuredFormat, problems: readonly string[]): string {
  const what = format.type === 'json' ? 'the JSON that was asked for' : `the schema "${format.name}"`;
  return `The answer does not fit ${what}: ${problems.join('; ')}.`;
}

function repairTurns(text: string, problems: readonly string[]): Message[] {
  const list = problems.map((problem) => `- ${problem}`).join('\n');
  const ask = `Your answer does not fit:\n${list}\nAnswer again with the corrected JSON only.`;
  const shown = text.slice(0, MAX_SHOWN_ANSWER);
  return [
    ...(shown.trim() === '' ? [] : [{ role: 'assistant', content: shown } as const]),
    { role: 'user', content: ask },
  ];
}

type Check = (text: string) => readonly string[];

/** All events of the answer come at once: its text is put right, or refused, before anyone sees it. */
function wholeReader(
  { instructed, check }: ReaderOptions,
  problemsOf: Check,
  refuse: (text: string, problems: readonly string[]) => never,
): OutputReader {
  let held: StreamEvent[] = [];
  return {
    push(events) {
      held.push(...events);
      const finish = held.at(-1);
      if (finish?.type !== 'finish') return [];
      const all = held;
      held = [];
      if (finish.reason !== 'stop' || all.some(isRefusal)) return all;
      const text = textIn(all);
      const json = instructed ? (jsonIn(text) ?? text) : text;
      const problems = check === false ? [] : problemsOf(json);
      if (problems.length > 0) refuse(text, problems);
      return json === text ? all : withText(all, json);
    },
  };
}

function textIn(events: readonly StreamEvent[]): string {
  let text = '';
  for (const event of events) if (event.type === 'text-delta') text += event.text;
  return text;
}

function isRefusal(event: StreamEvent): boolean {
  return event.type === 'text-start' && event.refusal === true;
}

/** The answer with this as its only text. */
function withText(events: readonly StreamEvent[], text: string): StreamEvent[] {
  const rewriter = createRewriter();
  let written = false;
  for (const event of events) {
    if (event.type === 'text-delta') {
      rewriter.text(written ? '' : text);
      written = true;
    } else rewriter.pass(event);
  }
  return rewriter.take();
}

function streamReader(
  { instructed, check }: ReaderOptions,
  problemsOf: Check,
  say: (problems: readonly string[]) => string,
): OutputReader {
  const filter = instructed ? createFenceFilter() : undefined;
  const rewriter = createRewriter();
  let text = '';
  let refused = false;
  const warned = (event: Extract<StreamEvent, { type: 'finish' }>): StreamEvent[] => {
    const problems = check === false || refused || event.reason !== 'stop' ? [] : problemsOf(text.trim());
    return problems.length === 0 ? [] : [{ type: 'warning', code: 'output-invalid', message: say(problems) }];
  };
  const filtered = (event: StreamEvent): void => {
    refused ||= isRefusal(event);
    if (event.type === 'text-delta' && !refused) {
      const piece = filter?.push(event.text) ?? event.text;
      text += piece;
      rewriter.text(piece);
      return;
    }
    if (event.type === 'finish') {
      const rest = filter?.end() ?? '';
      text += rest;
      rewriter.text(rest);
      for (const warning of warned(event)) rewriter.pass(warning);
    }
    rewriter.pass(event);
  };
  return {
    push(events) {
      if (filter !== undefined) {
        for (const event of events) filtered(event);
        return rewriter.take();
      }
      // Nothing to take off: events pass as they are, in the same array where nothing is added.
      text += textIn(events);
      refused ||= events.some(isRefusal);
      const finish = events.at(-1);
      const warnings = finish?.type === 'finish' ? warned(finish) : [];
      return finish === undefined || warnings.length === 0 ? events : [...events.slice(0, -1), ...warnings, finish];
    },
  };
}
