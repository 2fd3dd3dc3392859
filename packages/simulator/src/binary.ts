import { encodeAwsFrame } from '@standin/core/framing/aws-event-stream';
import type { WireId } from '@standin/core/spec/index';
import type { WireChunk } from '@standin/core/wires/wire';

/** Frames of an AWS event stream, each of which begins with its length. */
export function splitAwsFrames(bytes: Uint8Array): Uint8Array[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < view.length;) {
    const end = at + view.readUInt32BE(at);
    frames.push(view.subarray(at, end));
    at = end;
  }
  return frames;
}

/** An event that is well framed and whose JSON breaks off. */
export function brokenEvent(wire: WireId): WireChunk {
  if (wire !== 'bedrock-converse')
    return 'data: {"id":"x","type":"content_block_delta","choices":[{"index":0,"delta":{"cont\n\n';
  const headers = { ':event-type': 'contentBlockDelta', ':content-type': 'application/json', ':message-type': 'event' };
  return encodeAwsFrame(headers, '{"contentBlockIndex":0,"delta":{"te');
}
