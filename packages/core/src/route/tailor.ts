import type { StreamEvent } from '../spec/event.ts';
import type { SchemaValidator } from '../spec/provider.ts';
import type { ChatRequest, OutputFormat } from '../spec/request.ts';
import {
  createOutputGuard,
  createToolFormReader,
  isEnforced,
  toolFormOf,
  type OutputGuard,
  type ToolForm,
} from '../tools/output/index.ts';
import { guidanceFor } from '../tools/prompt-guided/index.ts';
import { fitRequest } from '../tools/schema/index.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { CallMode } from '../wires/wire.ts';
import type { RescueMethod } from './walk-state.ts';

/** A request cut to what its target can do by itself, and how the answer is put right again. */
export interface Tailored {
  readonly request: ChatRequest;
  /** For the attempt record. */
  readonly notes: readonly string[];
  /** The output format is asked for through one forced tool. */
  readonly forcesOutput: boolean;
  /** Reads the answer; `outputInWords`: the wire asked for the format in words. Absent: nothing is to be done. */
  reader(outputInWords: boolean): AnswerReader | undefined;
}

export interface AnswerReader {
  /** The vendor's own bytes do not say what the caller shall see. */
  readonly rewrites: boolean;
  /** Throws `ProviderError` for a whole answer that is not what was asked for. */
  push(events: readonly StreamEvent[]): readonly StreamEvent[];
}

export interface TailorInput {
  readonly mode: CallMode;
  readonly guard?: OutputGuard;
  /** How the attempt mends an answer that broke off. */
  readonly mends?: RescueMethod;
}

/** The guard of one request's structured output; `undefined` when it asks for none. */
export function guardFor(format: OutputFormat | undefined, validate?: SchemaValidator): OutputGuard | undefined {
  return format === undefined || format.type === 'text' ? undefined : createOutputGuard(format, { validate });
}

/** Content is seen as it comes; an answer that is held back until it is checked is silent all the while. */
export function showsAtOnce(mode: CallMode, guard: OutputGuard | undefined): boolean {
  return mode === 'stream' && guard?.holdsBack !== true;
}

const NO_NOTES: readonly string[] = [];
const noReader = (): undefined => undefined;

function asItIs(request: ChatRequest): Tailored {
  return { request, notes: NO_NOTES, forcesOutput: false, reader: noReader };
}

/**
 * Tools go into the prompt where the model has none of its own, and the output format, where it is not enforced, into
 * one forced tool if `canForceOutput` says so, else into the prompt too.
 */
export function tailor(
  request: ChatRequest,
  can: Pick<Quirks, 'nativeTools' | 'structuredOutput' | 'schemaDialect'>,
  { mode, guard, mends }: TailorInput,
  canForceOutput?: (request: ChatRequest) => boolean,
): Tailored {
  // The usual request asks for nothing that its target would have to be helped with.
  if (can.nativeTools && guard === undefined && can.schemaDialect === 'plain') return asItIs(request);
  // A continuation takes up text, not the arguments of a call.
  const goesOn = mends !== undefined && mends !== 'replay';
  if (guard !== undefined && !goesOn && can.nativeTools && canForceOutput?.(request) === true) {
    const form = toolFormOf(guard.requestFor(request, 'json_schema'));
    if (form !== undefined) return throughTool(form, can, guard, { mode, mends });
  }
  const guides = !can.nativeTools && guidanceFor(request) !== undefined;
  const format = request.outputFormat;
  // A server that enforces JSON would leave no room for calls in the text.
  const support = guides && (request.tools ?? []).length > 0 ? 'none' : can.structuredOutput;
  const asked = guard?.requestFor(request, support) ?? request;
  const guidance = guides ? guidanceFor(asked) : undefined;
  const inWords = format !== undefined && format.type !== 'text' && !isEnforced(format, support);
  const fitted = fitRequest(guidance?.request ?? asked, can.schemaDialect);
  const notes = [...(guidance?.notes ?? []), ...fitted.notes];
  if (inWords)
    notes.push(`${format.type === 'json' ? 'JSON output' : 'JSON schema of the output'}: asked for in words`);
  return {
    request: fitted.request,
    notes,
    forcesOutput: false,
    reader(outputInWords) {
      const instructed = inWords || outputInWords;
      const output = guard?.reader({ mode, instructed, check: mends === undefined });
      const transform = guidance?.transform;
      if (output === undefined && transform === undefined) return undefined;
      return {
        rewrites: transform !== undefined || instructed,
        push(events) {
          const called = transform?.push(events) ?? events;
          return output?.push(called) ?? called;
        },
      };
    },
  };
}

function throughTool(
  form: ToolForm,
  can: Pick<Quirks, 'schemaDialect'>,
  guard: OutputGuard,
  { mode, mends }: TailorInput,
): Tailored {
  const fitted = fitRequest(form.request, can.schemaDialect);
  return {
    request: fitted.request,
    notes: [...fitted.notes, 'JSON schema of the output: asked for through a forced tool'],
    forcesOutput: true,
    reader() {
      const call = createToolFormReader(form.tool);
      const output = guard.reader({ mode, instructed: true, check: mends === undefined });
      return { rewrites: true, push: (events) => output.push(call.push(events)) };
    },
  };
}
