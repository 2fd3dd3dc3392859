import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Message } from '@standin/core/spec/message';
import type { ChatResponse } from '@standin/core/spec/response';
import { EXIT, ExitWith, Interrupted } from '../cli/exit.ts';
import type { Interrupt } from '../cli/interrupt.ts';
import type { Output } from '../cli/output.ts';

const HELP = `Type a message and press Enter. A line that ends in \\ goes on in the next one.
  /model [NAME]  show or change the model
  /clear         forget the conversation
  /help          this text
  /quit          leave (also Ctrl-D)
Ctrl-C stops an answer; at the prompt it leaves.`;

export interface ConversationOptions {
  readonly input: Readable;
  /** Prompts and notices; answers go to standard output. */
  readonly prompts: Writable;
  readonly terminal: boolean;
  readonly output: Output;
  readonly interrupt: Interrupt;
  readonly messages: Message[];
  readonly model: string | undefined;
  /** Shown once on a terminal before the first prompt. */
  readonly greeting?: string;
  /** Asks; prints the answer. `model` is what `/model` chose. */
  ask(messages: readonly Message[], model: string | undefined, signal: AbortSignal): Promise<ChatResponse>;
  /** Prints a failed turn; the conversation goes on. */
  report(error: unknown): void;
  /** Called with the conversation after each answer. */
  save(messages: readonly Message[]): Promise<void>;
  /** The first user message, when something was given beforehand (images). */
  decorate?(text: string): Message['content'];
}

interface Talk {
  messages: Message[];
  model: string | undefined;
  turn: AbortController | undefined;
  quit: boolean;
}

/** Answers `true` when the line was a command. */
function runCommand(line: string, talk: Talk, note: (text: string) => void): boolean {
  if (!line.startsWith('/')) return false;
  const [name = '', ...rest] = line.slice(1).split(/\s+/);
  const argument = rest.join(' ').trim();
  switch (name) {
    case 'quit':
    case 'exit':
      talk.quit = true;
      return true;
    case 'help':
      note(HELP);
      return true;
    case 'clear':
    case 'new':
      talk.messages = [];
      note('The conversation starts anew.');
      return true;
    case 'model':
      if (argument !== '') talk.model = argument;
      note(talk.model === undefined ? 'The default model of the config is used.' : `Model: ${talk.model}`);
      return true;
    default:
      note(`Unknown command /${name}; /help lists them.`);
      return true;
  }
}

async function takeTurn(text: string, talk: Talk, options: ConversationOptions): Promise<void> {
  const content = talk.messages.length === 0 ? (options.decorate?.(text) ?? text) : text;
  const asked: Message[] = [...talk.messages, { role: 'user', content }];
  const turn = new AbortController();
  talk.turn = turn;
  try {
    const response = await options.ask(asked, talk.model, turn.signal);
    talk.messages = [...asked, { role: 'assistant', content: response.content }];
    await options.save(talk.messages);
  } catch (error) {
    // The question is forgotten with its failed answer: asking again must not send it twice.
    if (error instanceof Interrupted) options.prompts.write('(stopped)\n');
    else options.report(error);
  } finally {
    talk.turn = undefined;
  }
}

/** Ctrl-C stops the answer under way; at the prompt it leaves. SIGTERM and SIGHUP always leave. */
function listen(reader: Interface, talk: Talk, options: ConversationOptions): { code: number } {
  const outcome: { code: number } = { code: EXIT.done };
  options.interrupt.handle((cause) => {
    const { turn } = talk;
    turn?.abort();
    if (turn !== undefined && cause === 'SIGINT') return true;
    outcome.code = EXIT.interrupted;
    if (options.terminal) options.prompts.write('\n');
    reader.close();
    return true;
  });
  // A terminal in raw mode sends Ctrl-C as a key, not as a signal.
  reader.on('SIGINT', () => options.interrupt.trigger('SIGINT'));
  return outcome;
}

/** Reads messages until the user leaves. */
export async function converse(options: ConversationOptions): Promise<void> {
  const { prompts } = options;
  const reader = createInterface({ input: options.input, output: prompts, terminal: options.terminal, prompt: '> ' });
  const talk: Talk = { messages: [...options.messages], model: options.model, turn: undefined, quit: false };
  const outcome = listen(reader, talk, options);
  const note = (text: string) => void prompts.write(`${text}\n`);
  let pending = '';
  if (options.terminal && options.greeting !== undefined) note(options.greeting);
  try {
    reader.prompt();
    for await (const line of reader) {
      if (line.endsWith('\\')) {
        pending += `${line.slice(0, -1)}\n`;
        continue;
      }
      const text = (pending + line).trim();
      pending = '';
      if (text !== '' && !runCommand(text, talk, note)) await takeTurn(text, talk, options);
      if (talk.quit || outcome.code !== EXIT.done) break;
      reader.prompt();
    }
  } finally {
    options.interrupt.handle(undefined);
    reader.close();
  }
  if (outcome.code !== EXIT.done) throw new ExitWith(outcome.code);
}
