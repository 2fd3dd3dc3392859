import { encodeError } from '../openai-errors.ts';
import { canForceByQuirks } from '../output-tool.ts';
import type { DecodedRequest, RelayPlace, WireClient, WireServer } from '../wire.ts';
import { decodeRequest } from './decode-request.ts';
import { createDecoder, decodeWhole } from './decoder.ts';
import { createEncoder, encodeWhole } from './encode-answer.ts';
import { encode } from './encode.ts';
import { readError } from './errors.ts';

export { stateFieldOf } from './encode.ts';

/** OpenAI Responses and every server of its shape, called by us. */
export const openaiResponsesClient: WireClient = {
  id: 'openai-responses',
  encode,
  canForceOutput: canForceByQuirks,
  createDecoder,
  decodeWhole,
  readError,
};

/**
 * Clients of this protocol follow every item from its first event to its last and read the whole answer from the closing
 * one; servers that imitate it leave parts of that out, and their events are written anew.
 */
function relayable(bytes: Uint8Array, _decoded: DecodedRequest, place: RelayPlace): boolean {
  if (place === 'whole') return true;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (text.includes('"type":"response.completed"') || text.includes('"type": "response.completed"')) {
    return !/"output": ?\[\]/.test(text.toString('utf8'));
  }
  return true;
}

/** The same protocol served to our callers. */
export const openaiResponsesServer: WireServer = {
  id: 'openai-responses',
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder,
  encodeWhole,
  encodeError,
  closingRepeatsText: true,
  opening: 'response.output_item.added',
  relayable,
};
