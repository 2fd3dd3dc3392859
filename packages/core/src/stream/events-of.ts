import type { StreamEvent } from '../spec/event.ts';
import type { Part } from '../spec/message.ts';
import type { ChatResponse } from '../spec/response.ts';
import { createBlockBuilder, type BlockBuilder } from './block-builder.ts';

/** The events of a whole answer: `collectEvents(eventsOf(response))` is the response again. */
export function eventsOf(response: ChatResponse): StreamEvent[] {
  const builder = createBlockBuilder();
  const { id, model, createdAt } = response;
  builder.start({ id, model, createdAt });
  for (const warning of response.warnings) builder.warning(warning.code, warning.message);
  for (const part of response.content) addPart(builder, part);
  builder.finish(response.finishReason, {
    rawReason: response.rawFinishReason,
    stopSequence: response.stopSequence,
    usage: response.usage,
  });
  return builder.take();
}

function addPart(builder: BlockBuilder, part: Part): void {
  switch (part.type) {
    case 'text':
      builder.text(part.text);
      return builder.closeText();
    case 'refusal':
      builder.refusal(part.text);
      return builder.closeText();
    case 'reasoning':
      builder.reasoning(part.text, part.id);
      return builder.closeReasoning({ signature: part.signature, redacted: part.redacted, id: part.id });
    case 'tool-call': {
      const index = builder.toolStart(part.id, part.name);
      // `{}` is what an end without deltas says, so both spellings of "no arguments" fold back to the same part.
      builder.toolDelta(index, part.arguments);
      return builder.toolEnd(index, part.signature);
    }
    case 'opaque':
      return builder.opaque(part.wire, part.value);
    case 'image':
    case 'document':
    case 'tool-result':
      // Parts of a request; an answer does not hold them.
      return;
    default:
      return part satisfies never;
  }
}
