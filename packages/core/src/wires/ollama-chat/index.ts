import type { WireClient, WireServer } from '../wire.ts';
import { createDecoder, decodeWhole } from './decoder.ts';
import { encode } from './encode.ts';
import { encodeError, readError } from './errors.ts';
import { decodeRequest } from './serve-decode.ts';
import { createEncoder, encodeWhole } from './serve-encode.ts';

/** Ollama's own chat protocol, called by us. */
export const ollamaChatClient: WireClient = { id: 'ollama-chat', encode, createDecoder, decodeWhole, readError };

/** The same protocol served to our callers. */
export const ollamaChatServer: WireServer = {
  id: 'ollama-chat',
  decodeRequest,
  streamContentType: 'application/x-ndjson',
  createEncoder,
  encodeWhole,
  encodeError,
};

export { belowChat, ollamaGenerateServer } from './serve-generate.ts';
