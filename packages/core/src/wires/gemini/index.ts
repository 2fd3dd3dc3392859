import { canForceByQuirks } from '../output-tool.ts';
import type { WireClient, WireServer } from '../wire.ts';
import { createDecoder, decodeWhole } from './decoder.ts';
import { encode } from './encode.ts';
import { encodeError, readError } from '../google-errors.ts';
import { decodeRequest } from './serve-decode.ts';
import { createArrayEncoder, createEncoder, encodeWhole } from './serve-encode.ts';

/** Google's `generateContent`, called by us: the Gemini API and Vertex AI. */
export const geminiClient: WireClient = {
  id: 'gemini',
  encode,
  canForceOutput: canForceByQuirks,
  createDecoder,
  decodeWhole,
  readError,
};

/** The same protocol served to our callers; streams of `alt=sse`. */
export const geminiServer: WireServer = {
  id: 'gemini',
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder,
  encodeWhole,
  encodeError,
};

/** Served to callers who leave `alt=sse` out: the stream is one JSON array. */
export const geminiArrayServer: WireServer = {
  ...geminiServer,
  streamContentType: 'application/json; charset=utf-8',
  createEncoder: createArrayEncoder,
  // A vendor's event stream is no array.
  relayable: (_bytes, _decoded, place) => place === 'whole',
};
