import type { WireClient, WireServer } from '../wire.ts';
import { createDecoder, decodeWhole } from './decoder.ts';
import { canForceOutput, encode } from './encode.ts';
import { encodeError, readError } from './errors.ts';
import { WIRE } from './facts.ts';
import { decodeRequest } from './serve-decode.ts';
import { createEncoder, encodeWhole } from './serve-encode.ts';

/** Calls a model by Amazon Bedrock's Converse: `POST /model/{id}/converse` and `…/converse-stream`. */
export const bedrockConverseClient: WireClient = {
  id: WIRE,
  encode,
  canForceOutput,
  createDecoder: () => createDecoder(),
  decodeWhole: (body) => decodeWhole(body),
  readError,
};

/** Serves callers that speak Converse (`@aws-sdk/client-bedrock-runtime`). Its stream is binary. */
export const bedrockConverseServer: WireServer<Uint8Array> = {
  id: WIRE,
  decodeRequest,
  streamContentType: 'application/vnd.amazon.eventstream',
  createEncoder: () => createEncoder(),
  encodeWhole,
  encodeError,
};
