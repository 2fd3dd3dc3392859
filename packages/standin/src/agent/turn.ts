import type { FinishReason, StreamEvent } from '@standin/core/spec/event';
import type { ChatOptions } from '@standin/core/spec/provider';
import type { ChatRequest } from '@standin/core/spec/request';
import type { ChatResponse } from '@standin/core/spec/response';
import { createCollector } from '@standin/core/stream/collect';
import { AnswerError, Interrupted } from '../cli/exit.ts';
import type { Logger } from '../cli/log.ts';
import { safeForTerminal, type Output } from '../cli/output.ts';
import type { MarkdownStream } from './markdown.ts';
import type { AnswerSchema } from './schema.ts';

export type Chat = (request: ChatRequest, options?: ChatOptions) => AsyncIterable<StreamEvent>;

export interface TurnOptions {
  /** Ask the vendor for a stream and print as it comes. */
  readonly stream: boolean;
  /** One StreamEvent per line instead of the text. */
  readonly events: boolean;
  /** The answer must be JSON, and fit the schema when there is one. */
  readonly json: boolean;
  readonly schema?: AnswerSchema;
  readonly signal: AbortSignal;
  /** Headings, emphasis, lists, code and tables of the answer are drawn, where the terminal can. Default false. */
  readonly markdown?: boolean;
}

const ENDINGS: Partial<Record<FinishReason, string>> = {
  length: 'The answer was cut off at its token limit',
  'content-filter': "The answer was stopped by the vendor's content filter",
  refusal: 'The model refused to answer',
  pause: 'The model paused before it was done',
};

/** `{"type":"error",…}`: the last line of `--json` when the call failed. */
export function errorEvent(error: unknown): Record<string, unknown> {
  const details =
    error instanceof Error && 'toJSON' in error && typeof error.toJSON === 'function'
      ? (error.toJSON() as Record<string, unknown>)
      : { kind: 'invalid-request', message: error instanceof Error ? error.message : String(error) };
  return { type: 'error', ...details };
}

export interface TextPrinter {
  /** Resolves when a full pipe has drained. */
  write(text: string): Promise<void> | void;
  /** All that was written is seen, and what follows starts on a line of its own. */
  endLine(): void;
}

/** Prints the text of an answer; with `markdown` as it is meant, where the output is a terminal that shows looks. */
export function textPrinter(output: Output, markdown?: MarkdownStream): TextPrinter {
  let last = '\n';
  const send = (text: string): Promise<void> | void => {
    last = text.at(-1) ?? last;
    return markdown === undefined ? output.write(text) : output.writeDrawn(text);
  };
  return {
    write: (text) => send(markdown === undefined ? text : markdown.push(safeForTerminal(text))),
    endLine: () => {
      if (markdown !== undefined) void send(markdown.end());
      if (last !== '\n') output.print();
      last = '\n';
    },
  };
}

/** One question and its answer, printed as asked for. Throws what the call throws, and `Interrupted`. */
export async function runTurn(
  chat: Chat,
  request: ChatRequest,
  options: TurnOptions,
  output: Output,
  logger: Logger,
): Promise<ChatResponse> {
  const collector = createCollector();
  const printer = textPrinter(output);
  const live = options.stream && !options.events && !options.json;
  const print = (line: string): Promise<void> | void => output.write(`${line}\n`);
  try {
    for await (const event of chat(request, { stream: options.stream, signal: options.signal })) {
      collector.push(event);
      if (event.type === 'warning') logger.log('warn', event.message, { code: event.code });
      if (options.events) await print(JSON.stringify(event));
      else if (live && event.type === 'text-delta') await printer.write(event.text);
      if (options.signal.aborted) throw new Interrupted();
    }
    if (options.signal.aborted) throw new Interrupted();
    const response = collector.finish();
    await finishTurn(response, options, live, printer, logger);
    return response;
  } catch (error) {
    if (output.out.isTTY === true && !options.events) printer.endLine();
    if (options.signal.aborted) throw new Interrupted();
    if (options.events) await print(JSON.stringify(logger.redactDeep(errorEvent(error))));
    throw error;
  }
}

/** The end of an answer: checked, printed where it was not printed live, and what is odd about its end is told. */
export async function finishTurn(
  response: ChatResponse,
  options: TurnOptions,
  live: boolean,
  printer: TextPrinter,
  logger: Logger,
): Promise<void> {
  const answer = options.json ? await checkedJson(response, options) : answerText(response);
  if (!live && !options.events) await printer.write(answer);
  if (!options.events) printer.endLine();
  tellEnding(response, logger);
}

/** What the user is shown: the text, or the words of a refusal, which wires keep apart from it. */
function answerText(response: ChatResponse): string {
  if (response.text !== '') return response.text;
  return response.content.map((part) => (part.type === 'refusal' ? part.text : '')).join('');
}

async function checkedJson(response: ChatResponse, options: TurnOptions): Promise<string> {
  if (response.finishReason === 'length')
    throw new AnswerError('The answer was cut off at its token limit; the JSON is not complete.');
  if (response.text === '' && answerText(response) !== '')
    throw new AnswerError(`The model refused: ${answerText(response)}`);
  const { jsonOf } = await import('./schema.ts');
  const { text, value } = jsonOf(response.text);
  options.schema?.check(value);
  return text;
}

function tellEnding(response: ChatResponse, logger: Logger): void {
  const ending = ENDINGS[response.finishReason];
  if (ending !== undefined) logger.log('warn', ending, { reason: response.rawFinishReason, model: response.model });
  if (response.finishReason === 'error') throw new AnswerError('The vendor ended the answer with an error.');
}
