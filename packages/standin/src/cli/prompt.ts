import { createInterface } from 'node:readline';
import type { CommandContext, Input } from './context.ts';
import { Interrupted, UsageError } from './exit.ts';

/** Questions on the terminal. Prompts go to stderr, so that stdout stays the command's answer. */
export interface Prompt {
  /** One line; empty gives `preset`. */
  ask(question: string, preset?: string): Promise<string>;
  /** One line that is not shown while it is typed. */
  askSecret(question: string): Promise<string>;
  confirm(question: string, preset: boolean): Promise<boolean>;
  /** One of several, by number or name; empty gives the first. */
  choose(question: string, choices: readonly string[]): Promise<string>;
}

export const isInteractive = ({ input, output }: CommandContext): boolean =>
  input.isTTY === true && output.err.isTTY === true;

export function createPrompt(context: CommandContext): Prompt {
  const { output } = context;
  const ask = async (question: string, preset = ''): Promise<string> => {
    const hint = preset === '' ? '' : ` [${preset}]`;
    const line = (await readLine(`${question}${hint}: `, context, true)).trim();
    return line === '' ? preset : line;
  };
  return {
    ask,
    askSecret: async (question) => (await readLine(`${question} (not shown): `, context, false)).trim(),
    async confirm(question, preset) {
      for (;;) {
        const word = (await ask(`${question} ${preset ? '[Y/n]' : '[y/N]'}`)).toLowerCase();
        if (word === '') return preset;
        if (['y', 'yes'].includes(word)) return true;
        if (['n', 'no'].includes(word)) return false;
        output.note('Please answer y or n.');
      }
    },
    async choose(question, choices) {
      choices.forEach((choice, index) => output.note(`  ${index + 1}) ${choice}`));
      for (;;) {
        const word = await ask(question, '1');
        const choice = choices[Number(word) - 1] ?? choices.find((candidate) => candidate === word);
        if (choice !== undefined) return choice;
        output.note(`Please give a number from 1 to ${choices.length}.`);
      }
    },
  };
}

/** With `echo` off the terminal shows the question and nothing of the answer, not even its length. */
function readLine(question: string, context: CommandContext, echo: boolean): Promise<string> {
  const { err } = context.output;
  return new Promise((resolve, reject) => {
    // The interface first: it stops the echo, and a quick hand types as soon as it sees the question.
    const reader = createInterface({ input: context.input, terminal: true, ...(echo ? { output: err } : {}) });
    err.write(question);
    let done = false;
    const finish = (end: () => void): void => {
      if (done) return;
      done = true;
      reader.close();
      if (!echo) err.write('\n');
      end();
    };
    reader.once('line', (line) => finish(() => resolve(line)));
    reader.once('SIGINT', () => finish(() => reject(new Interrupted())));
    reader.once('close', () => finish(() => reject(new UsageError('No answer was given.'))));
    context.interrupt.signal.addEventListener('abort', () => finish(() => reject(new Interrupted())), { once: true });
    if (echo) {
      reader.setPrompt(question);
      reader.prompt(true);
    }
  });
}

/** Lines of standard input when something is piped in; `undefined` on a terminal or without an input. */
export async function pipedLines(input: Input): Promise<string[] | undefined> {
  if (input.isTTY === true) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of input) chunks.push(chunk as Buffer);
  const lines = Buffer.concat(chunks)
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  return lines.length === 0 ? undefined : lines;
}
