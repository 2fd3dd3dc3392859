import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { Block, Turn } from './blocks.ts';
import type { Losses } from '../losses.ts';

/** "A maximum of 4 blocks with cache_control may be provided." */
const MOST_MARKS = 4;

/** One marked object and how it is replaced. */
interface Mark {
  readonly where: string;
  drop(): void;
}

/**
 * Keeps at most four cache breakpoints. The oldest of the conversation go first: the last one serves the next turn, and
 * those on tools and system text serve every conversation. `reserved` are breakpoints that stand elsewhere in the body.
 */
export function limitCacheMarks(
  body: { readonly tools: readonly JsonObject[]; readonly system: readonly Block[]; readonly turns: readonly Turn[] },
  reserved: number,
  losses: Losses,
): void {
  const head: Mark[] = [];
  body.tools.forEach((tool, index) => addMark(head, tool, `tools[${index}]`));
  body.system.forEach((block, index) => addBlockMarks(head, block, `system[${index}]`));
  const conversation: Mark[] = [];
  body.turns.forEach((turn, at) => {
    turn.blocks.forEach((block, index) => addBlockMarks(conversation, block, `turn ${at}, block ${index}`));
  });
  const excess = head.length + conversation.length - (MOST_MARKS - reserved);
  if (excess <= 0) return;
  // The newest breakpoint of the conversation stays as long as anything else can go.
  const newest = conversation.slice(-1);
  for (const mark of [...conversation.slice(0, -1), ...head, ...newest].slice(0, excess)) {
    losses.add(`cache_control on ${mark.where}: more than ${MOST_MARKS}`);
    mark.drop();
  }
}

function addBlockMarks(marks: Mark[], block: Block, where: string): void {
  const { content } = block.json;
  if (Array.isArray(content) && content.some(isMarked)) {
    // Blocks may be the caller's own objects: copied before anything is taken out.
    const copies = content.map((inner) => (isJsonObject(inner) ? { ...inner } : inner));
    block.json = { ...block.json, content: copies };
    copies.forEach((inner) => isJsonObject(inner) && addMark(marks, inner, where));
  }
  if (isMarked(block.json)) {
    block.json = { ...block.json };
    addMark(marks, block.json, where);
  }
}

function addMark(marks: Mark[], object: JsonObject, where: string): void {
  if (isMarked(object)) marks.push({ where, drop: () => delete object['cache_control'] });
}

function isMarked(value: JsonValue): boolean {
  return isJsonObject(value) && isJsonObject(value['cache_control']);
}
