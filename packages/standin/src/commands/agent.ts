import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ImagePart, Message, Part } from '@standin/core/spec/message';
import type { ChatRequest } from '@standin/core/spec/request';
import type { AnswerSchema } from '../agent/schema.ts';
import { runTurn, type TurnOptions } from '../agent/turn.ts';
import type { CommandContext } from '../cli/context.ts';
import { Interrupted, UsageError } from '../cli/exit.ts';
import type { Following } from '../cli/follow.ts';
import { openStandin } from '../cli/open.ts';
import { reportError } from '../cli/report.ts';
import { selectorFor } from '../cli/selector.ts';

interface AgentOptions {
  readonly agent?: string;
  readonly message?: string;
  readonly stream?: boolean;
  readonly provider?: string;
  readonly model?: string;
  readonly image: readonly string[];
  readonly outputFormat?: 'text' | 'json' | 'json-schema';
  readonly schema?: string;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly json?: boolean;
  readonly tools?: string;
  readonly session?: string;
}

const EXAMPLES = `
Examples:
  $ standin agent -m "Explain this error in one sentence"
  $ cat report.txt | standin agent -m "Summarise this"
  $ standin agent --provider anthropic.main --model claude-haiku-4-5
  $ standin agent -m "What is on this picture?" --image photo.jpg
  $ standin agent -m "Name and age of the author" --output-format json-schema --schema person.json
  $ standin agent -m "Tell a story" --json | jq -r 'select(.type == "text-delta") | .text'

With -m and piped input, the input follows the message as context. With neither, a conversation begins.`;

function temperature(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number, 0 or more.');
  return value;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  }
  return value;
}

export function register(command: Command, context: CommandContext): void {
  command
    .option('-a, --agent <alias>', 'agent of the config to speak as')
    .option('-m, --message <text>', 'what to ask; without it standard input is read')
    .option('--stream', 'print the answer as it comes (default)')
    .option('--no-stream', 'wait for the whole answer')
    .option('--provider <type.alias>', 'provider entry to use')
    .option('--model <model>', 'model, agent, entry or hint:NAME to use')
    .option(
      '--image <path>',
      'image file or URL to send along (repeatable)',
      (path, list: string[]) => [...list, path],
      [],
    )
    .addOption(
      new Option('--output-format <format>', 'what the answer must be').choices(['text', 'json', 'json-schema']),
    )
    .option('--schema <file>', 'JSON Schema that the answer is checked against')
    .option('--temperature <number>', 'sampling temperature', temperature)
    .option('--max-tokens <number>', 'most tokens of the answer', positiveInteger)
    .option('--json', 'print one StreamEvent per line; a failure is a last line of type "error"')
    .option('--session <file>', 'keep the conversation in this file and go on with it')
    .addOption(new Option('--tools <file>', 'tools for the model').hideHelp())
    .addHelpText('after', EXAMPLES)
    .action(async (options: AgentOptions) => runAgent(options, context));
}

function checkCombination(options: AgentOptions): void {
  if (options.tools !== undefined)
    throw new UsageError('--tools comes with the agent loop and is not available in this version.');
  if (options.outputFormat === 'json-schema' && options.schema === undefined) {
    throw new UsageError('--output-format json-schema needs --schema FILE.');
  }
  if (options.schema !== undefined && (options.outputFormat === 'text' || options.outputFormat === 'json')) {
    throw new UsageError(`--schema goes with --output-format json-schema, not ${options.outputFormat}.`);
  }
  if (options.message?.trim() === '') throw new UsageError('-m is empty; give it a text to ask.');
}

/** The question, or `undefined` for a conversation. */
async function readQuestion(options: AgentOptions, context: CommandContext): Promise<string | undefined> {
  const { inputKind, readAll, SOCKET_GRACE_MS } = await import('../agent/stdin.ts');
  const kind = inputKind(context.input);
  const { message } = options;
  if (kind === 'terminal') return message;
  if (kind === 'none') {
    if (message === undefined) throw new UsageError('Nothing to ask: give -m TEXT or pipe a text in.');
    return message;
  }
  const piped = await readAll(context.input, {
    signal: context.interrupt.signal,
    graceMs: kind === 'perhaps' && message !== undefined ? SOCKET_GRACE_MS : undefined,
    onWaiting: () => context.logger().log('info', 'Waiting for the end of standard input'),
  });
  if (context.interrupt.signal.aborted) throw new Interrupted();
  if (message === undefined && piped.trim() === '') {
    throw new UsageError('Nothing to ask: standard input was empty and there is no -m TEXT.');
  }
  if (message === undefined) return piped;
  return piped.trim() === '' ? message : `${message}\n\n${piped}`;
}

interface Prepared {
  readonly images: readonly ImagePart[];
  readonly schema: AnswerSchema | undefined;
  readonly earlier: Message[];
}

/** Everything that can be wrong with the arguments is found before a vendor is asked. */
async function prepare(options: AgentOptions): Promise<Prepared> {
  const schema =
    options.schema === undefined ? undefined : await (await import('../agent/schema.ts')).loadSchema(options.schema);
  const images: ImagePart[] = [];
  if (options.image.length > 0) {
    const { loadImage } = await import('../agent/images.ts');
    for (const path of options.image) images.push(await loadImage(path));
  }
  const earlier =
    options.session === undefined ? [] : await (await import('../agent/session.ts')).loadSession(options.session);
  return { images, schema, earlier };
}

function contentOf(text: string, images: readonly ImagePart[]): string | readonly Part[] {
  return images.length === 0 ? text : [{ type: 'text', text }, ...images];
}

async function runAgent(options: AgentOptions, context: CommandContext): Promise<void> {
  checkCombination(options);
  const { images, schema, earlier } = await prepare(options);
  const question = await readQuestion(options, context);
  let open = await openStandin(context);
  let following: Following | undefined;
  const wantsJson = options.outputFormat === 'json' || schema !== undefined;
  const ask = async (messages: readonly Message[], model: string | undefined, signal: AbortSignal) => {
    const request: ChatRequest = {
      model: await selectorFor({ ...options, model }, open),
      messages,
      temperature: options.temperature,
      maxTokens: options.maxTokens,
      outputFormat: schema?.format ?? (wantsJson ? { type: 'json', repair: true } : undefined),
    };
    const turn: TurnOptions = {
      stream: options.stream ?? true,
      events: options.json ?? false,
      json: wantsJson,
      schema,
      signal,
    };
    const chat = open.standin.chat.bind(open.standin);
    return runTurn(chat, withoutAbsent(request), turn, context.output, context.logger());
  };
  const save = async (messages: readonly Message[]): Promise<void> => {
    if (options.session !== undefined)
      await (await import('../agent/session.ts')).saveSession(options.session, messages);
  };
  try {
    if (question !== undefined) {
      const asked: Message[] = [...earlier, { role: 'user', content: contentOf(question, images) }];
      const response = await ask(asked, options.model, context.interrupt.signal);
      await save([...asked, { role: 'assistant', content: response.content }]);
      return;
    }
    const { converse } = await import('../agent/conversation.ts');
    const { followConfig } = await import('../cli/follow.ts');
    following = await followConfig(open, context, {}, (next) => (open = next));
    const [target] = open.standin.plan(await selectorFor(options, open)).targets;
    await converse({
      input: context.input,
      prompts: context.output.err,
      terminal: context.output.err.isTTY === true,
      output: context.output,
      interrupt: context.interrupt,
      messages: earlier,
      model: options.model,
      greeting: `Talking to ${target?.model ?? 'nobody'} at ${target?.entry ?? 'no entry'}. /help lists the commands.`,
      ask,
      save,
      report: (error) => void reportError(error, context.output, context.logger()),
      decorate: (text) => contentOf(text, images),
    });
  } finally {
    following?.close();
    open.standin.close();
  }
}

/** An absent field stays absent in the vendor's request. */
function withoutAbsent(request: ChatRequest): ChatRequest {
  return Object.fromEntries(
    Object.entries(request).filter(([, value]) => value !== undefined),
  ) as unknown as ChatRequest;
}
