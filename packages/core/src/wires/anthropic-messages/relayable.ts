/**
 * Clients of this protocol read usage without looking whether it is there (Claude Code stops when it is not), and
 * servers that imitate it leave it out: such events are written anew.
 */
export function relayable(bytes: Uint8Array): boolean {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.includes('"message_start"') || buffer.includes('"type":"message"')) {
    if (!buffer.includes('"input_tokens":')) return false;
  }
  return !buffer.includes('"message_delta"') || buffer.includes('"output_tokens":');
}
