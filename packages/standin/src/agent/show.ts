import type { AgentEvent, AgentResult } from '@standin/agent';
import type { ChatResponse } from '@standin/core/spec/response';
import { partsOf } from '@standin/core/spec/message';
import { AnswerError, Interrupted } from '../cli/exit.ts';
import type { Logger } from '../cli/log.ts';
import { safeForTerminal, type Output } from '../cli/output.ts';
import { errorEvent, finishTurn, textPrinter, type TextPrinter, type TurnOptions } from './turn.ts';

/** Running numbers of a conversation. */
export interface Tally {
  steps: number;
  tokens: number;
  nanoUsd: number;
  unknownCosts: number;
}

const SHOWN_CHARS = 120;

const brief = (text: string): string => {
  const line = safeForTerminal(text).replaceAll(/\s+/g, ' ').trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
};

/** Tells a person what an agent and its delegates do; answers go to standard output, the rest to stderr. */
export function createTeller(output: Output, logger: Logger, tally: Tally): (event: AgentEvent) => void {
  const { dim, red } = output.errorStyle;
  const note = (text: string): void => output.note(logger.redact(text));
  return (event) => {
    const depth = '  '.repeat(event.agent.split(' > ').length - 1);
    switch (event.type) {
      case 'tool-start':
        return note(dim(`${depth}→ ${event.call.name} ${brief(event.call.arguments)}`));
      case 'tool-end': {
        const { content, isError } = event.outcome;
        const said = partsOf(content).map((part) => (part.type === 'text' ? part.text : `(${part.type})`));
        return note(
          isError === true ? red(`${depth}✗ ${brief(said.join(' '))}`) : dim(`${depth}✓ ${brief(said.join(' '))}`),
        );
      }
      case 'step-end': {
        const { inputTokens = 0, outputTokens = 0 } = event.response.usage ?? {};
        tally.steps += 1;
        tally.tokens += inputTokens + outputTokens;
        if (event.costNanoUsd === undefined) tally.unknownCosts += 1;
        else tally.nanoUsd += event.costNanoUsd;
        return undefined;
      }
      case 'trimmed': {
        const what = [
          event.turns > 0 ? `${event.turns} earlier turns` : '',
          event.results > 0 ? `${event.results} tool results` : '',
        ];
        const how = event.summarised ? 'are summarised' : 'are left out';
        return logger.log(
          'warn',
          `The conversation is too long for the model: ${what.filter((one) => one !== '').join(' and ')} ${how}`,
        );
      }
      case 'limit':
        return logger.log('warn', event.message, { agent: event.agent, limit: event.limit });
      default:
        return undefined;
    }
  };
}

/** Runs one question through the loop and prints it as asked for. Throws what the run throws, and `Interrupted`. */
export async function runLoopTurn(
  run: AsyncGenerator<AgentEvent, AgentResult>,
  options: TurnOptions & {
    readonly onCheckpoint?: (event: Extract<AgentEvent, { type: 'checkpoint' }>) => Promise<void>;
  },
  tell: (event: AgentEvent) => void,
  output: Output,
  logger: Logger,
): Promise<AgentResult> {
  const markdown = options.markdown === true && output.isStyled;
  const printer = textPrinter(
    output,
    markdown ? (await import('./draw-markdown.ts')).drawnMarkdown(output) : undefined,
  );
  const live = options.stream && !options.events && !options.json;
  const print = (line: string): Promise<void> | void => output.write(`${line}\n`);
  try {
    for (;;) {
      const next = await run.next();
      if (next.done === true) return await ended(next.value, options, live, printer, logger);
      const event = next.value;
      if (event.type === 'model') {
        if (event.event.type === 'warning') logger.log('warn', event.event.message, { code: event.event.code });
        if (options.events) await print(JSON.stringify(event.event));
        else if (live && event.event.type === 'text-delta') await printer.write(event.event.text);
        continue;
      }
      if (event.type === 'tool-start' && live) printer.endLine();
      if (event.type === 'tool-end' && options.events) {
        const { content, isError } = event.outcome;
        await print(
          JSON.stringify({
            type: 'tool-result',
            id: event.call.id,
            name: event.call.name,
            content,
            isError: isError === true,
          }),
        );
      } else if (!options.events) tell(event);
      if (event.type === 'checkpoint') await options.onCheckpoint?.(event);
    }
  } catch (error) {
    if (output.out.isTTY === true && !options.events) printer.endLine();
    if (options.signal.aborted) throw new Interrupted();
    if (options.events) await print(JSON.stringify(logger.redactDeep(errorEvent(error))));
    throw error;
  }
}

async function ended(
  result: AgentResult,
  options: TurnOptions,
  live: boolean,
  printer: TextPrinter,
  logger: Logger,
): Promise<AgentResult> {
  const { response } = result;
  if (response === undefined || result.ended !== 'answer') {
    if (live) printer.endLine();
    throw new AnswerError(
      `The agent ended without an answer: ${result.ended === 'loop' ? 'it went round in circles' : `its limit of ${result.ended} is reached`}.`,
    );
  }
  await finishTurn(response satisfies ChatResponse, options, live, printer, logger);
  return result;
}
