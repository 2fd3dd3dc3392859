import { encodeError, readError } from '../google-errors.ts';
import { createJsonEventDecoder, decodeWholeJson } from '../json-events.ts';
import type { WireClient, WireServer } from '../wire.ts';
import { INTERACTION_EVENTS } from './answer-reader.ts';
import { encode } from './encode.ts';
import { decodeRequest } from './serve-decode.ts';
import { createEncoder, encodeWhole } from './serve-encode.ts';

/** Google's Interactions API, called by us. */
export const geminiInteractionsClient: WireClient = {
  id: 'gemini-interactions',
  encode,
  createDecoder: () => createJsonEventDecoder(INTERACTION_EVENTS),
  decodeWhole: (body) => decodeWholeJson(body, INTERACTION_EVENTS),
  readError,
};

/** The same protocol served: the simulator's Google. */
export const geminiInteractionsServer: WireServer = {
  id: 'gemini-interactions',
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder,
  encodeWhole,
  encodeError,
};
