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
  if (place === 'whole') return usage && saysWhyItEnded(buffer);
  if (usage) {
    if (!decoded.includeUsage || buffer.includes('"x_groq"')) return false;
    if (USAGE_IN_CHOICE.test(buffer.toString('utf8'))) return false;
  }
  return place === 'after-finish' || !buffer.includes('[DONE]') || saysWhyItEnded(buffer);
}

const FINISH_FIELD = '"finish_reason":';

/** A finish reason that is a word, looked for from the end, where it stands. */
function saysWhyItEnded(buffer: Buffer): boolean {
  for (let at = buffer.lastIndexOf(FINISH_FIELD); at >= 0; at = buffer.lastIndexOf(FINISH_FIELD, at - 1)) {
    const value = at + FINISH_FIELD.length;
    if (FINISH_REASON.test(buffer.toString('latin1', at, value + 4))) return true;
    if (at === 0) return false;
  }
  return false;
}
