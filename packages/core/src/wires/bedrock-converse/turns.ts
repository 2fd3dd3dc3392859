import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Message, Part } from '../../spec/message.ts';
import { isBlank, mayReplay, readBlockTurns } from '../block-turns.ts';
import { argumentsObjectText } from '../tool-arguments.ts';
import type { ToolNames } from '../tool-identity.ts';
import type { WireTarget } from '../wire.ts';
import { addCachePoint, addPlain, resultBlock, textBlock, type Block, type BlockContext, type Turn } from './blocks.ts';

export interface TurnContext extends BlockContext {
  readonly target: WireTarget;
  readonly names: ToolNames;
  /** The request came in over this wire: thinking without a stamp is the caller's own. */
  readonly sameWire: boolean;
}

export interface Conversation {
  readonly system: readonly Block[];
  readonly turns: Turn[];
}

/** Messages to system blocks and turns in the order they stand; the rules of alternation come after (`arrangeTurns`). */
export function readMessages(messages: readonly Message[], context: TurnContext): Conversation {
  return readBlockTurns<Block>(messages, {
    losses: context.losses,
    systemTurns: false,
    textBlock,
    addSystem: (blocks, part, where) => addPlain(blocks, part, where, context),
    addAssistant: (blocks, part, where) => addAssistantPart(blocks, part, where, context),
    addUser(blocks, part, where) {
      if (part.type !== 'tool-result') return addPlain(blocks, part, where, context);
      blocks.push(resultBlock(part, where, context));
      addCachePoint(blocks, part.cacheControl, where, context);
    },
  });
}

function addAssistantPart(blocks: Block[], part: Part, where: string, context: TurnContext): void {
  const { losses, names } = context;
  if (part.type === 'reasoning') {
    const json = thinkingBlock(part, context);
    if (json === undefined) losses.add(`reasoning on ${where}: not of this model, or unsigned`);
    else blocks.push({ json });
  } else if (part.type === 'tool-call') {
    const json: JsonObject = { toolUse: { toolUseId: part.id, name: names.sent(part.name) } };
    if (part.signature !== undefined) losses.add(`signature of a tool call on ${where}`);
    blocks.push({ json, rawInput: argumentsObjectText(part.arguments, where, losses), callId: part.id });
    addCachePoint(blocks, part.cacheControl, where, context);
  } else if (part.type === 'image' || part.type === 'document') {
    losses.add(`${part.type} in an assistant turn, on ${where}`);
  } else {
    addPlain(blocks, part, where, context);
  }
}

/** Thinking goes back only to the model that signed it; unsigned thinking only when the caller of this wire sent it. */
function thinkingBlock(part: Part & { type: 'reasoning' }, context: TurnContext): JsonObject | undefined {
  if (!mayReplay(part, context)) return undefined;
  if (part.redacted !== undefined && part.text === '') return { reasoningContent: { redactedContent: part.redacted } };
  if (part.signature === undefined && (context.family.name === 'claude' || part.issuer !== undefined)) return undefined;
  const reasoningText: JsonObject = { text: part.text };
  if (part.signature !== undefined) reasoningText['signature'] = part.signature;
  return { reasoningContent: { reasoningText } };
}

export function isToolUse(block: Block | undefined): boolean {
  return block?.rawInput !== undefined;
}

export function isToolResult(block: Block | undefined): boolean {
  return block?.json['toolResult'] !== undefined && block.callId !== undefined;
}

export function isThinking(block: Block | undefined): boolean {
  return block?.json['reasoningContent'] !== undefined;
}

/** The call or result with another id. */
export function withId(block: Block, toolUseId: string): Block {
  const key = isToolUse(block) ? 'toolUse' : 'toolResult';
  const inner = block.json[key];
  return { ...block, json: { [key]: { ...(isJsonObject(inner) ? inner : {}), toolUseId } } };
}

/** Text form of a result whose call is not there. */
export function orphanAsText(block: Block): Block[] {
  const result = block.json['toolResult'];
  const content =
    isJsonObject(result) && Array.isArray(result['content']) ? result['content'].filter(isJsonObject) : [];
  const words = content.flatMap(({ text }) => (typeof text === 'string' && !isBlank(text) ? [text] : []));
  const others = content.filter((inner) => inner['text'] === undefined).map((json) => ({ json }));
  return [textBlock(`[result of tool call ${block.callId ?? ''}]\n${words.join('\n')}`), ...others];
}
