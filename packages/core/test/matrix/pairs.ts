import { PARTIES, targetOf, decoded, type Party } from '../../../../scripts/loss-table.ts';
import type { StreamEvent } from '../../src/spec/event.ts';
import type { ChatRequest } from '../../src/spec/request.ts';
import type { ChatResponse } from '../../src/spec/response.ts';
import { createCollector } from '../../src/stream/collect.ts';
import { eventsOf } from '../../src/stream/events-of.ts';
import { validateStream } from '../../src/stream/validate.ts';
import { DEFAULT_QUIRKS } from '../../src/wires/quirks.ts';
import type { AnswerContext, DecodedRequest, EncodedCall, WireTarget } from '../../src/wires/wire.ts';

export { PARTIES, targetOf, decoded, type Party };

export const PAIRS = PARTIES.flatMap((caller) =>
  PARTIES.map((vendor) => [`${caller.wire} → ${vendor.wire}`, caller, vendor] as const),
);

const CONTEXT: AnswerContext = { id: 'id_1', createdAt: 1_700_000_000, model: 'm' };

/** Small enough to cut characters, lines and frames in two. */
const CHUNK_BYTES = 13;

/** A caller's program as its own SDK reads: any server of this protocol will do. */
export function readerOf(party: Party): WireTarget {
  return { model: party.model, quirks: DEFAULT_QUIRKS, issuer: `${party.slot}:${party.model}`, defaults: {} };
}

/** What the caller's program sends, read on our side. */
export function received(caller: Party, request: ChatRequest, mode: 'stream' | 'whole'): DecodedRequest {
  const call = caller.client.encode(request, readerOf(caller), mode);
  return { ...decodedCall(caller, call), mode };
}

function decodedCall({ server, wire }: Party, call: EncodedCall): DecodedRequest {
  const body = JSON.parse(call.body) as Record<string, unknown>;
  return server.decodeRequest(wire === 'bedrock-converse' ? { modelId: 'm', ...body } : { model: 'm', ...body });
}

/** Events as one side writes them and the other reads them, in small pieces. */
export function overTheLine(
  party: Party,
  events: readonly StreamEvent[],
  decodedRequest: DecodedRequest,
  target: WireTarget,
): StreamEvent[] {
  const encoder = party.server.createEncoder(CONTEXT, decodedRequest);
  const bytes = Buffer.concat(events.map((event) => Buffer.from(encoder.encode(event))));
  const decoder = party.client.createDecoder(target);
  const read: StreamEvent[] = [];
  for (let at = 0; at < bytes.length && !decoder.done; at += CHUNK_BYTES)
    read.push(...decoder.push(bytes.subarray(at, at + CHUNK_BYTES)));
  read.push(...decoder.end());
  const problems = validateStream(read);
  if (problems.length > 0) throw new Error(`${party.wire}: ${problems.join('; ')}`);
  return read;
}

export function collected(events: readonly StreamEvent[]): ChatResponse {
  const collector = createCollector();
  for (const event of events) collector.push(event);
  return collector.finish();
}

/** An answer of the vendor as it reaches the caller's program, through both protocols. */
export function relayed(caller: Party, vendor: Party, response: ChatResponse, mode: 'stream' | 'whole'): ChatResponse {
  const ask: ChatRequest = { messages: [{ role: 'user', content: 'Hi.' }] };
  const target = targetOf(vendor, true);
  const asked = received(caller, ask, mode);
  if (mode === 'whole') {
    const body = JSON.stringify(vendor.server.encodeWhole(response, CONTEXT));
    const ours = collected(vendor.client.decodeWhole(body, target));
    const shown = JSON.stringify(caller.server.encodeWhole(ours, CONTEXT));
    return collected(caller.client.decodeWhole(shown, readerOf(caller)));
  }
  const atVendor = decodedCall(vendor, vendor.client.encode(asked.request, target, mode));
  const ours = overTheLine(vendor, eventsOf(response), { ...atVendor, includeUsage: true }, target);
  return collected(overTheLine(caller, ours, { ...asked, includeUsage: true }, readerOf(caller)));
}
