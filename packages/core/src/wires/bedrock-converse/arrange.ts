import { finishTurns, mergeRuns } from '../block-turns.ts';
import type { Losses } from '../losses.ts';
import type { Quirks } from '../quirks.ts';
import { toolCallIdFor, unusedSpelling } from '../tool-identity.ts';
import { textBlock, type Block, type Turn } from './blocks.ts';
import { isToolResult, isToolUse, orphanAsText, withId } from './turns.ts';

interface IdSpace {
  readonly format: Quirks['toolCallIdFormat'];
  readonly used: Set<string>;
}

/**
 * Brings turns into the order the service takes (Bedrock user guide, "Carry out a conversation with the Converse API",
 * read 2026-11): turns alternate and begin with the user; every call of a turn has its result in the next user turn,
 * before anything else in it; a result without a call becomes text.
 */
export function arrangeTurns(given: readonly Turn[], format: Quirks['toolCallIdFormat'], losses: Losses): Turn[] {
  const turns = mergeRuns(given);
  const ids: IdSpace = { format: format === 'alnum9' ? format : 'word64', used: new Set() };
  const settled = new Set<Block>();
  const arranged: Turn[] = [];
  turns.forEach((turn, at) => {
    arranged.push(turn);
    if (turn.role !== 'assistant' || !turn.blocks.some(isToolUse)) return;
    const next = turns[at + 1];
    const results = answerCalls(turn, next, ids, losses);
    for (const result of results) settled.add(result);
    if (next === undefined) arranged.push({ role: 'user', blocks: results });
    else next.blocks.unshift(...results);
  });
  for (const turn of arranged) {
    turn.blocks = turn.blocks.flatMap((block) => {
      if (!isToolResult(block) || settled.has(block)) return [block];
      losses.add(`tool result ${block.callId ?? ''} without its call: sent as text`);
      return orphanAsText(block);
    });
  }
  const finished = finishTurns(mergeRuns(arranged), textBlock, losses);
  for (const turn of finished) addTextToDocuments(turn);
  return finished;
}

/** Takes the results of a turn's calls out of the next one, gives both their id, and makes up what is missing. */
function answerCalls(turn: Turn, next: Turn | undefined, ids: IdSpace, losses: Losses): Block[] {
  const results: Block[] = [];
  turn.blocks = turn.blocks.map((block) => {
    if (!isToolUse(block)) return block;
    const original = block.callId ?? '';
    const id = freshId(original, ids);
    results.push(withId(takeResult(next, original) ?? missingResult(original, losses), id));
    return withId(block, id);
  });
  return results;
}

/** Ids that a vendor uses again in every turn must differ within one request. */
function freshId(original: string, { format, used }: IdSpace): string {
  let id = toolCallIdFor(format, original);
  if (used.has(id)) {
    const again = unusedSpelling(`${id}_${used.size}`, used);
    id = toolCallIdFor(format, again);
  }
  used.add(id);
  return id;
}

function takeResult(turn: Turn | undefined, callId: string): Block | undefined {
  const at = turn?.blocks.findIndex((block) => isToolResult(block) && block.callId === callId) ?? -1;
  return at === -1 ? undefined : turn?.blocks.splice(at, 1)[0];
}

function missingResult(callId: string, losses: Losses): Block {
  losses.add(`no result for tool call ${callId}: an error result was made up`);
  const content = [{ text: 'No result was recorded for this call.' }];
  return { json: { toolResult: { toolUseId: callId, content, status: 'error' } }, callId };
}

/** "A text block is required in messages that contain documents." */
function addTextToDocuments({ blocks }: Turn): void {
  const hasDocument = blocks.some(({ json }) => json['document'] !== undefined);
  if (hasDocument && !blocks.some(({ json }) => json['text'] !== undefined))
    blocks.push(textBlock('(see the document)'));
}
