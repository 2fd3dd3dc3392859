import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { fieldsIn } from './facts.ts';

/** Writes content blocks one after the other and numbers them as the caller will see them. */
export interface BlockWriter {
  write(event: StreamEvent): string;
  /** Ends the block that is still open, if any. */
  close(): string;
}

/** One event of the stream; callers' SDKs go by the `event:` line. */
export function frame(type: string, fields: JsonObject): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

export function createBlockWriter(): BlockWriter {
  let next = 0;
  let isOpen = false;
  /** The text block has ended for us, but its citations may follow: its stop waits for the next event. */
  let isHeld = false;
  let wroteArguments = false;

  const close = (): string => {
    isHeld = false;
    if (!isOpen) return '';
    isOpen = false;
    next += 1;
    return frame('content_block_stop', { index: next - 1 });
  };
  const open = (block: JsonObject): string => {
    const closing = close();
    isOpen = true;
    return closing + frame('content_block_start', { index: next, content_block: block });
  };
  const delta = (value: JsonObject): string => frame('content_block_delta', { index: next, delta: value });

  const writeReasoningEnd = (event: StreamEvent & { type: 'reasoning-end' }): string => {
    let output = '';
    if (event.signature !== undefined) {
      if (!isOpen) output += open({ type: 'thinking', thinking: '', signature: '' });
      output += delta({ type: 'signature_delta', signature: event.signature });
    }
    output += close();
    if (event.redacted !== undefined) output += open({ type: 'redacted_thinking', data: event.redacted }) + close();
    return output;
  };

  const writeOpaque = (value: JsonValue): string => {
    const citations = fieldsIn(value)?.fields['citations'];
    if (Array.isArray(citations)) {
      if (!isHeld) return '';
      return citations.map((citation) => delta({ type: 'citations_delta', citation })).join('') + close();
    }
    const closing = close();
    if (!isJsonObject(value) || fieldsIn(value) !== undefined) return closing;
    const { input } = value;
    if (!isJsonObject(input)) return closing + open(value) + close();
    // As the vendor does it: SDKs read the input of a server tool from its deltas.
    const json = delta({ type: 'input_json_delta', partial_json: JSON.stringify(input) });
    return closing + open({ ...value, input: {} }) + json + close();
  };

  const writeContent = (event: StreamEvent): string => {
    switch (event.type) {
      case 'text-delta':
        if (event.text === '') return '';
        return (isOpen ? '' : open({ type: 'text', text: '' })) + delta({ type: 'text_delta', text: event.text });
      case 'text-end':
        isHeld = isOpen;
        return '';
      case 'reasoning-delta':
        if (event.text === '') return '';
        return (
          (isOpen ? '' : open({ type: 'thinking', thinking: '', signature: '' })) +
          delta({ type: 'thinking_delta', thinking: event.text })
        );
      case 'reasoning-end':
        return writeReasoningEnd(event);
      case 'tool-call-start':
        wroteArguments = false;
        return open({ type: 'tool_use', id: event.id, name: event.name, input: {} });
      case 'tool-call-delta':
        if (event.json === '') return '';
        wroteArguments = true;
        return delta({ type: 'input_json_delta', partial_json: event.json });
      case 'tool-call-end': {
        if (wroteArguments) return close();
        // A call without arguments ends with one empty piece.
        const json = event.arguments === '{}' ? '' : event.arguments;
        return delta({ type: 'input_json_delta', partial_json: json }) + close();
      }
      default:
        return '';
    }
  };

  return {
    write(event) {
      if (event.type === 'opaque') return writeOpaque(event.value);
      const closing = isHeld ? close() : '';
      return closing + writeContent(event);
    },
    close,
  };
}
