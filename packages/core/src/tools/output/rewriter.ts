import type { StreamEvent } from '../../spec/event.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';

/** Writes events anew with other text: blocks are numbered again, and a text that ends up empty has no block. */
export function createRewriter() {
  const builder = createBlockBuilder();
  const tools = new Map<number, number>();
  const pass = (event: StreamEvent): void => {
    switch (event.type) {
      case 'response-start':
        return builder.start(event);
      case 'reasoning-delta':
        return builder.reasoning(event.text);
      case 'reasoning-end':
        return builder.closeReasoning(event);
      case 'tool-call-start':
        tools.set(event.index, builder.toolStart(event.id, event.name));
        return;
      case 'tool-call-delta':
        return builder.toolDelta(tools.get(event.index) ?? -1, event.json);
      case 'tool-call-end':
        return builder.toolEnd(tools.get(event.index) ?? -1, event.signature);
      case 'opaque':
        return builder.opaque(event.wire, event.value);
      case 'warning':
        return builder.warning(event.code, event.message);
      case 'usage':
        return builder.usage(event.usage);
      case 'finish':
        return builder.finish(event.reason, event);
      case 'text-delta':
        // Only a refusal's text comes this way.
        return builder.refusal(event.text);
      case 'text-start':
      case 'text-end':
      case 'reasoning-start':
        return;
      default:
        return event satisfies never;
    }
  };
  return { pass, text: (piece: string) => builder.text(piece), take: () => builder.take() };
}
