import { finishTurns, mergeRuns } from '../block-turns.ts';
import { unusedSpelling } from '../tool-identity.ts';
import { textBlock, type Block, type Turn } from './blocks.ts';
import type { Losses } from '../losses.ts';
import { createToolIds, type Renamer } from './names.ts';
import { callIdOf, isToolResult, isToolUse, orphanAsText } from './turns.ts';

/**
 * Brings turns into the order the API takes (Anthropic docs, "Tool use: formatting", read 2026-11): turns alternate and
 * begin with the user; every call of a turn has its result in the next user turn, before anything else in it; a result
 * without a call becomes text.
 */
export function arrangeTurns(given: readonly Turn[], losses: Losses): Turn[] {
  const turns = mergeRuns(given);
  const ids = createToolIds(allCallIds(turns));
  const used = new Set<string>();
  const arranged: Turn[] = [];
  for (let at = 0; at < turns.length; at += 1) {
    const turn = turns[at];
    if (turn === undefined) continue;
    arranged.push(turn);
    const calls = turn.role === 'assistant' ? turn.blocks.filter(isToolUse) : [];
    if (calls.length === 0) continue;
    const next = turnsUntilAssistant(turns, at + 1);
    const results = answerCalls(calls, next, { ids, used }, losses);
    const first = next.find((candidate) => candidate.role === 'user');
    if (first === undefined || first !== next[0]) arranged.push({ role: 'user', blocks: results });
    else first.blocks.unshift(...results);
  }
  for (const turn of arranged) turn.blocks = turn.blocks.flatMap((block) => settleResult(block, losses));
  return finishTurns(mergeRuns(arranged), textBlock, losses);
}

interface IdSpace {
  readonly ids: Renamer;
  readonly used: Set<string>;
}

/** Takes the results of these calls out of the turns behind them, gives both their id, and makes up what is missing. */
function answerCalls(calls: readonly Block[], next: readonly Turn[], space: IdSpace, losses: Losses): Block[] {
  const results: Block[] = [];
  for (const call of calls) {
    const original = callIdOf(call) ?? '';
    const legal = space.ids.rename(original);
    // Ids that a vendor uses again in every turn must differ within one request.
    const id = space.used.has(legal) ? unusedSpelling(`${legal}_${space.used.size}`, space.used) : legal;
    space.used.add(id);
    call.json = { ...call.json, id };
    const found = takeResult(next, original);
    if (found === undefined) losses.add(`no result for tool call ${original}: an error result was made up`);
    const json = found?.json ?? {
      type: 'tool_result',
      content: 'No result was recorded for this call.',
      is_error: true,
    };
    results.push({ json: { ...json, tool_use_id: id }, callId: SETTLED });
  }
  return results;
}

/** Marks a result that has found its call. */
const SETTLED = '\u0000settled';

function takeResult(turns: readonly Turn[], callId: string): Block | undefined {
  for (const turn of turns) {
    const at = turn.blocks.findIndex(
      (block) => isToolResult(block) && block.callId !== SETTLED && callIdOf(block) === callId,
    );
    if (at !== -1) return turn.blocks.splice(at, 1)[0];
  }
  return undefined;
}

function settleResult(block: Block, losses: Losses): Block[] {
  if (!isToolResult(block) || block.callId === SETTLED) return [block];
  losses.add(`tool result ${callIdOf(block) ?? ''} without its call: sent as text`);
  return orphanAsText(block);
}

function turnsUntilAssistant(turns: readonly Turn[], from: number): Turn[] {
  const end = turns.findIndex((turn, index) => index >= from && turn.role === 'assistant');
  return turns.slice(from, end === -1 ? undefined : end);
}

function* allCallIds(turns: readonly Turn[]): Iterable<string> {
  for (const turn of turns) for (const block of turn.blocks) if (isToolUse(block)) yield callIdOf(block) ?? '';
}
