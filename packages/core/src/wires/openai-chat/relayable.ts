import type { DecodedRequest, RelayPlace } from '../wire.ts';

/** Usage inside the choice (Moonshot's older models), where no client of this protocol looks for it. */
const USAGE_IN_CHOICE = /"usage": ?\{[^[\]]*\}\s*\]/;
const TOOL_CALL = /"(?:tool_calls|function_call)":(?! ?(?:null|\[\]))/;
const FINISH_REASON = /"finish_reason": ?"\w/;

/**
 * Clients of this protocol read one shape of it; vendors write a dozen. Bytes are passed on as they came unless they hold
 * - a tool call: indices, ids, whole objects as arguments and the finish reason differ by vendor;
 * - usage that was not asked for (its chunk has no choices, which a caller's loop may not expect) or in another place;
 * - an end without a finish reason.
 * Text that contains such words has its quotes escaped, so only a real field is found.
 */
export function relayable(bytes: Uint8Array, decoded: DecodedRequest, place: RelayPlace): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const calls = buffer.includes('"tool_calls":') || buffer.includes('"function_call":');
  if (calls && TOOL_CALL.test(buffer.toString('utf8'))) return false;
  const usage = buffer.includes('"usage":{') || buffer.includes('"usage": {');
  if (place === 'whole') return usage && FINISH_REASON.test(buffer.toString('utf8'));
  if (usage) {
    if (!decoded.includeUsage || buffer.includes('"x_groq"')) return false;
    if (USAGE_IN_CHOICE.test(buffer.toString('utf8'))) return false;
  }
  return place === 'after-finish' || !buffer.includes('[DONE]') || FINISH_REASON.test(buffer.toString('utf8'));
}
