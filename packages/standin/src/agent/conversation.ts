import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Message } from '@standin/core/spec/message';
import type { AskPerson } from '@standin/agent';
import { EXIT, ExitWith, Interrupted } from '../cli/exit.ts';
import type { Interrupt } from '../cli/interrupt.ts';
import type { Output } from '../cli/output.ts';
import type { RouteOptions } from '../cli/selector.ts';
import { approvalOf, approvalQuestion } from './approve.ts';

const HELP = `Type a message and press Enter. A line that ends in \\ goes on in the next one.
  /model [NAME]  show or change the model
  /agent [NAME]  show or change the agent
  /retry         ask the last question again
  /cost          what this conversation has used
  /save FILE     write the conversation to a file for --session
  /clear         forget the conversation
  /help          this text
  /quit          leave (also Ctrl-D)
Ctrl-C stops an answer; at the prompt it leaves.`;

/** Asks, prints the answer, and returns the conversation with it. */
export type Ask = (
  messages: readonly Message[],
  route: RouteOptions,
  signal: AbortSignal,
  askPerson: AskPerson | undefined,
) => Promise<readonly Message[]>;

export interface ConversationOptions {
  readonly input: Readable;
  /** Prompts and notices; answers go to standard output. */
  readonly prompts: Writable;
  readonly terminal: boolean;
  readonly output: Output;
  readonly interrupt: Interrupt;
  readonly messages: Message[];
  readonly route: RouteOptions;
  /** Shown once on a terminal before the first prompt. */
  readonly greeting?: string;
  /** Throws when a name of `/model` or `/agent` leads nowhere. */
  checkRoute(route: RouteOptions): Promise<void>;
  readonly ask: Ask;
  /** Prints a failed turn; the conversation goes on. */
  report(error: unknown): void;
  /** Called with the conversation when it changed otherwise than by an answer. */
  save(messages: readonly Message[]): Promise<void>;
  saveTo(path: string, messages: readonly Message[]): Promise<void>;
  /** For `/cost`. */
  costText(): string;
  /** The first user message, when something was given beforehand (images). */
  decorate?(text: string): Message['content'];
}

interface Talk {
  messages: readonly Message[];
  /** The conversation with its last question, while that has no answer. */
  unanswered: readonly Message[] | undefined;
  route: RouteOptions;
  turn: AbortController | undefined;
  quit: boolean;
}

/** Answers `true` when the line was a command. */
async function runCommand(
  line: string,
  talk: Talk,
  note: (text: string) => void,
  options: ConversationOptions,
): Promise<boolean> {
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
      talk.unanswered = undefined;
      await options.save([]);
      note('The conversation starts anew.');
      return true;
    case 'model':
      if (argument !== '') await change(talk, { ...talk.route, model: argument }, options);
      note(talk.route.model === undefined ? 'The default model of the config is used.' : `Model: ${talk.route.model}`);
      return true;
    case 'agent':
      // An agent has a model of its own: one that was chosen before does not follow it.
      if (argument !== '') await change(talk, { agent: argument }, options);
      note(talk.route.agent === undefined ? 'The default agent of the config is used.' : `Agent: ${talk.route.agent}`);
      return true;
    case 'cost':
      note(options.costText());
      return true;
    case 'save':
      if (argument === '') note('Say where: /save FILE');
      else {
        await options.saveTo(argument, talk.unanswered ?? talk.messages);
        note(`Saved; go on with --session ${argument}.`);
      }
      return true;
    default:
      note(`Unknown command /${name}; /help lists them.`);
      return true;
  }
}

async function change(talk: Talk, route: RouteOptions, options: ConversationOptions): Promise<void> {
  await options.checkRoute(route);
  talk.route = route;
}

/** The last question, to be asked again: one without an answer, else the one that was answered last. */
function questionAgain(talk: Talk): readonly Message[] | undefined {
  if (talk.unanswered !== undefined) return talk.unanswered;
  const last = talk.messages.findLastIndex(({ role }) => role === 'user');
  return last < 0 ? undefined : talk.messages.slice(0, last + 1);
}

async function takeTurn(
  asked: readonly Message[],
  talk: Talk,
  options: ConversationOptions,
  askPerson: AskPerson | undefined,
): Promise<void> {
  const turn = new AbortController();
  talk.turn = turn;
  talk.unanswered = asked;
  try {
    talk.messages = await options.ask(asked, talk.route, turn.signal, askPerson);
    talk.unanswered = undefined;
  } catch (error) {
    // The question stays outside of the conversation: the next one takes its place, /retry asks it again.
    if (error instanceof Interrupted) options.prompts.write('(stopped; /retry asks again)\n');
    else {
      options.report(error);
      options.prompts.write('(/retry asks again)\n');
    }
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
  const open = options.messages.at(-1)?.role === 'user' || options.messages.at(-1)?.role === 'tool';
  const talk: Talk = {
    messages: options.messages.at(-1)?.role === 'user' ? options.messages.slice(0, -1) : [...options.messages],
    unanswered: open ? options.messages : undefined,
    route: options.route,
    turn: undefined,
    quit: false,
  };
  const outcome = listen(reader, talk, options);
  const note = (text: string) => void prompts.write(`${text}\n`);
  const askPerson: AskPerson | undefined = options.terminal
    ? (call, tool) =>
        new Promise((resolve) => {
          reader.question(`${approvalQuestion(call, tool)}: `, (answer) => resolve(approvalOf(answer)));
        })
    : undefined;
  let pending = '';
  if (options.terminal && options.greeting !== undefined) note(options.greeting);
  if (open) note('The last question of this conversation has no answer yet; /retry asks it again.');
  try {
    reader.prompt();
    for await (const line of reader) {
      if (line.endsWith('\\')) {
        pending += `${line.slice(0, -1)}\n`;
        continue;
      }
      const text = (pending + line).trim();
      pending = '';
      await handle(text, talk, note, options, askPerson);
      if (talk.quit || outcome.code !== EXIT.done) break;
      reader.prompt();
    }
  } finally {
    options.interrupt.handle(undefined);
    reader.close();
  }
  if (outcome.code !== EXIT.done) throw new ExitWith(outcome.code);
}

async function handle(
  text: string,
  talk: Talk,
  note: (text: string) => void,
  options: ConversationOptions,
  askPerson: AskPerson | undefined,
): Promise<void> {
  if (text === '') return undefined;
  if (text === '/retry') {
    const again = questionAgain(talk);
    return again === undefined ? note('There is no question yet.') : takeTurn(again, talk, options, askPerson);
  }
  try {
    if (await runCommand(text, talk, note, options)) return undefined;
  } catch (error) {
    return options.report(error);
  }
  const content = talk.messages.length === 0 ? (options.decorate?.(text) ?? text) : text;
  return takeTurn([...talk.messages, { role: 'user', content }], talk, options, askPerson);
}
