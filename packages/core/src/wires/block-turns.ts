import type { JsonObject } from '../spec/json.ts';
import { partsOf, textOf, type Message, type Part } from '../spec/message.ts';
import type { Losses } from './losses.ts';
import type { WireTarget } from './wire.ts';

/** Turns of content blocks, as Anthropic's and Amazon's protocols have them. */

export interface BlockTurn<Block> {
  role: 'user' | 'assistant' | 'system';
  blocks: Block[];
}

interface AnyBlock {
  json: JsonObject;
}

/** How one protocol writes the parts of a message. */
export interface BlockDialect<Block> {
  readonly losses: Losses;
  /** A part of system text. */
  addSystem(blocks: Block[], part: Part, where: string): void;
  addUser(blocks: Block[], part: Part, where: string): void;
  addAssistant(blocks: Block[], part: Part, where: string): void;
  textBlock(text: string): Block;
  /** `{role: "system"}` may stand inside `messages`. */
  readonly systemTurns: boolean;
}

/** Messages to system blocks and turns in the order they stand; the rules of alternation come after. */
export function readBlockTurns<Block>(
  messages: readonly Message[],
  dialect: BlockDialect<Block>,
): { readonly system: readonly Block[]; readonly turns: BlockTurn<Block>[] } {
  const system: Block[] = [];
  const turns: BlockTurn<Block>[] = [];
  messages.forEach((message, index) => {
    const where = `messages[${index}]`;
    const blocks: Block[] = [];
    if (message.name !== undefined) dialect.losses.add(`name on ${where}`);
    if (message.role !== 'system') {
      const isModel = message.role === 'assistant';
      for (const part of partsOf(message.content)) {
        if (isModel) dialect.addAssistant(blocks, part, where);
        else dialect.addUser(blocks, part, where);
      }
      turns.push({ role: isModel ? 'assistant' : 'user', blocks });
    } else if (turns.length === 0) addSystemBlocks(system, message, where, dialect);
    else if (dialect.systemTurns) {
      addSystemBlocks(blocks, message, where, dialect);
      turns.push({ role: 'system', blocks });
    } else turns.push(markedTurn(message, where, dialect));
  });
  return { system, turns };
}

function addSystemBlocks<Block>(blocks: Block[], message: Message, where: string, dialect: BlockDialect<Block>): void {
  for (const part of partsOf(message.content)) {
    if (part.type === 'text' || part.type === 'opaque') dialect.addSystem(blocks, part, where);
    else dialect.losses.add(`${part.type} on ${where}`);
  }
}

function markedTurn<Block>(message: Message, where: string, dialect: BlockDialect<Block>): BlockTurn<Block> {
  dialect.losses.add(`system role on ${where}: sent as a marked user turn`);
  const text = textOf(message.content);
  return { role: 'user', blocks: isBlank(text) ? [] : [dialect.textBlock(`<system>\n${text}\n</system>`)] };
}

/** Whether thinking may go back: only to the model that signed it, and not once a signature was refused. */
export function mayReplay(
  part: Part & { type: 'reasoning' },
  context: { readonly target: WireTarget; readonly sameWire: boolean },
): boolean {
  // Learnt from a refusal ("Invalid `signature` in `thinking` block"): once more, without any thinking.
  if (context.target.quirks.omitParameters.includes('reasoning_replay')) return false;
  return part.issuer === undefined ? context.sameWire : part.issuer === context.target.issuer;
}

/** Turns of one role in a row become one; empty ones go. */
export function mergeRuns<Block>(turns: readonly BlockTurn<Block>[]): BlockTurn<Block>[] {
  const merged: BlockTurn<Block>[] = [];
  for (const turn of turns) {
    if (turn.blocks.length === 0) continue;
    const last = merged.at(-1);
    if (last !== undefined && last.role === turn.role) last.blocks.push(...turn.blocks);
    else merged.push({ role: turn.role, blocks: [...turn.blocks] });
  }
  return merged;
}

/** The conversation begins with the user, and a final turn of the model does not end in white space. */
export function finishTurns<Block extends AnyBlock>(
  turns: BlockTurn<Block>[],
  textBlock: (text: string) => Block,
  losses: Losses,
): BlockTurn<Block>[] {
  trimLastAssistant(turns);
  const first = turns[0];
  if (first === undefined) {
    losses.add('no user message: one was made up');
    turns.push({ role: 'user', blocks: [textBlock('Go ahead.')] });
  } else if (first.role === 'assistant') {
    losses.add('conversation began with the assistant: a user turn was put before it');
    turns.unshift({ role: 'user', blocks: [textBlock('(start of the conversation)')] });
  }
  return turns;
}

/** "final assistant content cannot end with trailing whitespace" */
function trimLastAssistant<Block extends AnyBlock>(turns: BlockTurn<Block>[]): void {
  const last = turns.at(-1);
  if (last?.role !== 'assistant') return;
  const block = last.blocks.at(-1);
  const { text, type = 'text' } = block?.json ?? {};
  if (block === undefined || type !== 'text' || typeof text !== 'string') return;
  if (isBlank(text)) last.blocks.pop();
  else block.json = { ...block.json, text: text.trimEnd() };
  if (last.blocks.length === 0) turns.pop();
}

/** The APIs refuse text blocks without any visible character. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}
