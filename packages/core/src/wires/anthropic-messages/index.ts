import type { WireClient, WireServer } from '../wire.ts';
import { canForceOutput, encode } from './client-encode.ts';
import { createDecoder, decodeWhole } from './decoder.ts';
import { encodeError, readError } from './errors.ts';
import { WIRE } from './facts.ts';
import { relayable } from './relayable.ts';
import { decodeRequest } from './serve-decode.ts';
import { createEncoder, encodeWhole } from './serve-encode.ts';

export { modelTraits, type ModelTraits } from '../claude-models.ts';

/** Calls a vendor that speaks Anthropic Messages: `POST /v1/messages`. */
export const anthropicMessagesClient: WireClient = {
  id: WIRE,
  encode,
  canForceOutput,
  createDecoder: () => createDecoder(),
  decodeWhole: (body) => decodeWhole(body),
  readError,
};

/** Serves callers that speak Anthropic Messages (`@anthropic-ai/sdk`, Claude Code). */
export const anthropicMessagesServer: WireServer = {
  id: WIRE,
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder: (context) => createEncoder(context),
  relayable,
  encodeWhole,
  encodeError,
};
