import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatResponse } from '../../spec/response.ts';
import { eventsOf } from '../../stream/events-of.ts';
import type { AnswerContext, StreamEncoder } from '../wire.ts';
import { createAnswerWriter } from './answer-writer.ts';
import { failureCode } from './errors.ts';

/** Events to the bytes of a streamed response. */
export function createEncoder(context: AnswerContext): StreamEncoder {
  let text = '';
  let sequence = 0;
  let failed = false;
  const writer = createAnswerWriter(context, (type, fields) => {
    text += `event: ${type}\ndata: {"type":"${type}","sequence_number":${sequence},${fields}}\n\n`;
    sequence += 1;
  });
  const take = (): string => {
    const taken = text;
    text = '';
    return taken;
  };
  return {
    encode(event) {
      if (failed) return '';
      writer.write(event);
      return take();
    },
    error(error) {
      if (failed || writer.closed) return '';
      failed = true;
      writer.begin();
      const response = writer.response('failed', { code: failureCode(error), message: error.message });
      const fields = `"sequence_number":${sequence},"response":${JSON.stringify(response)}`;
      return `${take()}event: response.failed\ndata: {"type":"response.failed",${fields}}\n\n`;
    },
    ping: () => ': keepalive\n\n',
    follow(bytes) {
      const { sequence_number: number, item_id: id, item } = lastEventIn(bytes);
      if (typeof number === 'number') sequence = Math.max(sequence, number + 1);
      const open = id ?? (isJsonObject(item) ? item['id'] : undefined);
      if (typeof open === 'string') writer.adopt(open);
    },
  };
}

/** The fields of the last event that can be read; none for bytes without one. */
function lastEventIn(bytes: Uint8Array): JsonObject {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const at = text.lastIndexOf('\ndata:');
  if (at < 0 && !text.startsWith('data:')) return {};
  const [line = ''] = text.slice(at + 1 + 'data:'.length).split('\n', 1);
  try {
    const event: unknown = JSON.parse(line);
    return isJsonObject(event) ? event : {};
  } catch {
    return {};
  }
}

/** The whole answer is the response object that the stream would end with. */
export function encodeWhole(response: ChatResponse, context: AnswerContext): JsonObject {
  const writer = createAnswerWriter(context, () => {});
  for (const event of eventsOf(response)) writer.write(event);
  return writer.last ?? writer.response('completed');
}
