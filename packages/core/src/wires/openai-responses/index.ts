import { encodeError } from '../openai-chat/encode-answer.ts';
import type { WireClient, WireServer } from '../wire.ts';
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
  createDecoder,
  decodeWhole,
  readError,
};

/** The same protocol served to our callers. */
export const openaiResponsesServer: WireServer = {
  id: 'openai-responses',
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder,
  encodeWhole,
  encodeError,
  closingRepeatsText: true,
};
