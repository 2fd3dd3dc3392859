import { canForceByQuirks } from '../output-tool.ts';
import type { WireClient, WireServer } from '../wire.ts';
import { createDecoder, decodeWhole } from './decoder.ts';
import { decodeRequest } from './decode-request.ts';
import { encode } from './encode.ts';
import { createEncoder, encodeWhole } from './encode-answer.ts';
import { relayable } from './relayable.ts';
import { encodeError, readError } from '../openai-errors.ts';

/** OpenAI Chat Completions and every server of its shape, called by us. */
export const openaiChatClient: WireClient = {
  id: 'openai-chat',
  encode,
  canForceOutput: canForceByQuirks,
  createDecoder,
  decodeWhole,
  readError,
};

/** The same protocol served to our callers. */
export const openaiChatServer: WireServer = {
  id: 'openai-chat',
  decodeRequest,
  streamContentType: 'text/event-stream; charset=utf-8',
  createEncoder,
  relayable,
  encodeWhole,
  encodeError,
};

export { maxTokensFieldFor, needsMaxCompletionTokens } from './encode-options.ts';
