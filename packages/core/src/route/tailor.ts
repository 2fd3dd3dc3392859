import type { StreamEvent } from '../spec/event.ts';
import type { SchemaValidator } from '../spec/provider.ts';
import type { ChatRequest, OutputFormat } from '../spec/request.ts';
import { createOutputGuard, isEnforced, type OutputGuard } from '../tools/output/index.ts';
import { guidanceFor } from '../tools/prompt-guided/index.ts';
import { fitRequest } from '../tools/schema/index.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { CallMode } from '../wires/wire.ts';

/** A request cut to what its target can do by itself, and how the answer is put right again. */
export interface Tailored {
  readonly request: ChatRequest;
  /** For the attempt record. */
  readonly notes: readonly string[];
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
  /** The attempt goes on with an answer that broke off. */
  readonly mends?: boolean;
}

/** The guard of one request's structured output; `undefined` when it asks for none. */
export function guardFor(format: OutputFormat | undefined, validate?: SchemaValidator): OutputGuard | undefined {
  return format === undefined || format.type === 'text' ? undefined : createOutputGuard(format, { validate });
}

const NO_NOTES: readonly string[] = [];
const noReader = (): undefined => undefined;

function asItIs(request: ChatRequest): Tailored {
  return { request, notes: NO_NOTES, reader: noReader };
}

/** Tools go into the prompt where the model has none of its own, and the output format where it is not enforced. */
export function tailor(
  request: ChatRequest,
  can: Pick<Quirks, 'nativeTools' | 'structuredOutput' | 'schemaDialect'>,
  { mode, guard, mends }: TailorInput,
): Tailored {
  // The usual request asks for nothing that its target would have to be helped with.
  if (can.nativeTools && guard === undefined && can.schemaDialect === 'plain') return asItIs(request);
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
    reader(outputInWords) {
      const instructed = inWords || outputInWords;
      const output = guard?.reader({ mode, instructed, check: mends !== true });
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
