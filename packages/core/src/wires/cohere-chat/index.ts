import { createJsonEventDecoder, decodeWholeJson } from '../json-events.ts';
import type { WireClient, WireServer } from '../wire.ts';
import { COHERE_EVENTS } from './answer-reader.ts';
import { encode } from './encode.ts';
import { encodeError, readError } from './errors.ts';
import { decodeRequest } from './serve-decode.ts';
import { createEncoder, encodeWhole } from './serve-encode.ts';

/** Cohere's own chat protocol, `/v2/chat`, called by us. */
export const cohereChatClient: WireClient = {
  id: 'cohere-chat',
  encode,
  createDecoder: () => createJsonEventDecoder(COHERE_EVENTS),
  decodeWhole: (body) => decodeWholeJson(body, COHERE_EVENTS),
  readError,
};

/** The same protocol served: the simulator's Cohere. */
export const cohereChatServer: WireServer = {
  id: 'cohere-chat',
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder,
  encodeWhole,
  encodeError,
};
