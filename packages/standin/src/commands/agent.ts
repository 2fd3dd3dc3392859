import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ImagePart, Message, Part } from '@standin/core/spec/message';
import type { AnswerSchema } from '../agent/schema.ts';
import type { AskPerson } from '@standin/agent';
import type { Ask } from '../agent/conversation.ts';
import type { Tally } from '../agent/show.ts';
import type { TurnOptions } from '../agent/turn.ts';
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
  readonly plain?: boolean;
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
    .option('--plain', 'on a terminal print the answer as it comes, without drawing its Markdown')
    .option('--session <file>', 'keep the conversation in this file and go on with it')
    .option('--tools <file>', 'MCP servers whose tools the model may use: {"mcpServers": {…}}')
    .addHelpText('after', EXAMPLES)
    .action(async (options: AgentOptions) => runAgent(options, context));
}

function checkCombination(options: AgentOptions): void {
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
  const { AgentLoops, openTools, pricesOf, agentModule, createTeller, runLoopTurn } = await loadLoop();
  const tally: Tally = { steps: 0, tokens: 0, nanoUsd: 0, unknownCosts: 0 };
  const tell = createTeller(context.output, context.logger(), tally);
  const toolBox = await openTools(open.config, options.tools, context);
  const save = async (messages: readonly Message[]): Promise<void> => {
    if (options.session !== undefined)
      await (await import('../agent/session.ts')).saveSession(options.session, messages);
  };
  const ask: Ask = async (messages, route, signal, askPerson) => {
    const loops = new AgentLoops(open, toolBox, agentModule, pricesOf(open.config.entries.values()));
    const run = loops.run({
      route: { ...options, ...route },
      messages,
      request: withoutAbsent({
        temperature: options.temperature,
        maxTokens: options.maxTokens,
        outputFormat: schema?.format ?? (wantsJson ? { type: 'json', repair: true } : undefined),
      }),
      stream: options.stream ?? true,
      signal,
      askPerson,
      onDelegate: tell,
    });
    const turn: TurnOptions = {
      stream: options.stream ?? true,
      events: options.json ?? false,
      json: wantsJson,
      schema,
      signal,
      markdown: options.plain !== true && !wantsJson,
    };
    const onCheckpoint = async (event: { readonly messages: readonly Message[] }): Promise<void> =>
      save(event.messages);
    const result = await runLoopTurn(run, { ...turn, onCheckpoint }, tell, context.output, context.logger());
    return result.messages;
  };
  try {
    if (question !== undefined) {
      const asked: Message[] = [...settled(earlier), { role: 'user', content: contentOf(question, images) }];
      const { isInteractive } = await import('../cli/prompt.ts');
      await ask(asked, {}, context.interrupt.signal, isInteractive(context) ? await personOf(context) : undefined);
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
      route: { agent: options.agent, provider: options.provider, model: options.model },
      greeting: `Talking to ${target?.model ?? 'nobody'} at ${target?.entry ?? 'no entry'}. /help lists the commands.`,
      checkRoute: async (route) => void open.standin.plan(await selectorFor(route, open)),
      ask,
      save,
      saveTo: async (path, messages) => (await import('../agent/session.ts')).saveSession(path, messages),
      costText: () => tallyText(tally),
      report: (error) => void reportError(error, context.output, context.logger()),
      decorate: (text) => contentOf(text, images),
    });
  } finally {
    following?.close();
    await toolBox?.close();
    open.standin.close();
  }
}

/** The loop, and what belongs to it: only this command pays for it. */
async function loadLoop() {
  const [{ AgentLoops }, { openTools }, { pricesOf }, agentModule, show] = await Promise.all([
    import('../agent/loop.ts'),
    import('../agent/tools.ts'),
    import('@standin/store/prices'),
    import('@standin/agent'),
    import('../agent/show.ts'),
  ]);
  return { AgentLoops, openTools, pricesOf, agentModule, ...show };
}

/** Asks on the terminal whether a tool may run. */
async function personOf(context: CommandContext): Promise<AskPerson> {
  const { createPrompt } = await import('../cli/prompt.ts');
  const { approvalQuestion, approvalOf } = await import('../agent/approve.ts');
  const prompt = createPrompt(context);
  return async (call, tool) => approvalOf(await prompt.ask(approvalQuestion(call, tool)));
}

/** A conversation whose last question has no answer yet, without that question: another one takes its place. */
function settled(messages: readonly Message[]): readonly Message[] {
  return messages.at(-1)?.role === 'user' ? messages.slice(0, -1) : messages;
}

function tallyText({ steps, tokens, nanoUsd, unknownCosts }: Tally): string {
  const known = `$${(nanoUsd / 1e9).toFixed(6)}`;
  const cost =
    unknownCosts === 0 ? known : nanoUsd === 0 ? 'cost unknown' : `${known} and ${unknownCosts} calls of unknown cost`;
  return `${steps} model calls, ${tokens.toLocaleString('en')} tokens, ${cost}.`;
}

/** An absent field stays absent in the vendor's request. */
function withoutAbsent<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
