import { FINISH_REASONS, type StreamEvent } from '../spec/event.ts';

interface Block {
  readonly kind: 'text' | 'reasoning' | 'tool-call';
  readonly id?: string;
  readonly name?: string;
  json: string;
  open: boolean;
}

/**
 * Checks the order that `StreamEvent` promises and returns every breach in words, none for a legal stream.
 * For tests and fuzzing: it reads the whole stream.
 */
export function validateStream(events: Iterable<StreamEvent>): readonly string[] {
  const problems: string[] = [];
  const blocks: Block[] = [];
  const toolIds = new Set<string>();
  let position = 0;
  let finishes = 0;

  const report = (text: string): void => void problems.push(`event ${position}: ${text}`);

  const openBlock = (index: number, block: Block): void => {
    if (index !== blocks.length) report(`block starts with index ${index}, expected ${blocks.length}`);
    blocks[index] = block;
  };
  const needOpen = (index: number, kind: Block['kind'], type: string): Block | undefined => {
    const block = blocks[index];
    if (block === undefined) report(`${type} for block ${index}, which never started`);
    else if (block.kind !== kind) report(`${type} for block ${index}, which is ${block.kind}`);
    else if (!block.open) report(`${type} for block ${index}, which has ended`);
    else return block;
    return undefined;
  };
  const startTool = (event: StreamEvent & { type: 'tool-call-start' }): void => {
    if (event.id === '') report('tool call without an id');
    if (event.name === '') report('tool call without a name');
    if (toolIds.has(event.id)) report(`tool call id ${event.id} appears twice`);
    toolIds.add(event.id);
    openBlock(event.index, { kind: 'tool-call', id: event.id, name: event.name, json: '', open: true });
  };
  const endTool = (event: StreamEvent & { type: 'tool-call-end' }): void => {
    const block = needOpen(event.index, 'tool-call', event.type);
    if (block === undefined) return;
    block.open = false;
    if (event.id !== block.id || event.name !== block.name) report('tool-call-end names another call than its start');
    if (event.arguments !== (block.json === '' ? '{}' : block.json)) {
      report('tool-call-end.arguments is not the concatenation of its deltas');
    }
  };
  const finish = (event: StreamEvent & { type: 'finish' }): void => {
    finishes += 1;
    if (!FINISH_REASONS.includes(event.reason)) report(`unknown finish reason ${event.reason}`);
    blocks.forEach((block, index) => {
      if (block.open) report(`finish while block ${index} is open`);
    });
  };
  const end = (index: number, kind: 'text' | 'reasoning', type: string): void => {
    const block = needOpen(index, kind, type);
    if (block !== undefined) block.open = false;
  };

  const check = (event: StreamEvent): void => {
    if ((position === 0) !== (event.type === 'response-start')) {
      report(position === 0 ? `${event.type} comes before response-start` : 'second response-start');
    }
    if (finishes > 0) report(`${event.type} after finish`);
    switch (event.type) {
      case 'text-start':
        return openBlock(event.index, { kind: 'text', json: '', open: true });
      case 'reasoning-start':
        return openBlock(event.index, { kind: 'reasoning', json: '', open: true });
      case 'text-delta':
        return void needOpen(event.index, 'text', event.type);
      case 'reasoning-delta':
        return void needOpen(event.index, 'reasoning', event.type);
      case 'text-end':
        return end(event.index, 'text', event.type);
      case 'reasoning-end':
        return end(event.index, 'reasoning', event.type);
      case 'tool-call-start':
        return startTool(event);
      case 'tool-call-delta': {
        const block = needOpen(event.index, 'tool-call', event.type);
        if (block !== undefined) block.json += event.json;
        return;
      }
      case 'tool-call-end':
        return endTool(event);
      case 'finish':
        return finish(event);
      default:
        return;
    }
  };

  for (const event of events) {
    check(event);
    position += 1;
  }
  if (position === 0) problems.push('the stream has no event');
  if (finishes === 0) problems.push('the stream ended without finish');
  return problems;
}
