import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import type { WireId } from '../../spec/wire-id.ts';

export const WIRE = 'openai-responses' satisfies WireId;

/**
 * What an item carries beside the vocabulary travels as an `opaque` value with one key that says where it belongs:
 * `item`: fields of the item that begins next (`phase`, `caller`, a stored `id`); `text`: annotations and logprobs of
 * the text just before; `part`: an unknown part of a message's content. A value with a `type` is a whole item.
 */
export type SideKey = 'item' | 'text' | 'part';

export function sideOf(value: JsonValue, key: SideKey): JsonObject | undefined {
  if (!isJsonObject(value) || typeof value['type'] === 'string') return undefined;
  const fields = value[key];
  return isJsonObject(fields) ? fields : undefined;
}

/** A whole item as it stands on this wire. */
export function itemOf(value: JsonValue): JsonObject | undefined {
  return isJsonObject(value) && typeof value['type'] === 'string' ? value : undefined;
}

/** Fields of messages and calls that the vocabulary knows or that say nothing on the way back. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set([
  'type',
  'id',
  'status',
  'role',
  'content',
  'call_id',
  'name',
  'arguments',
]);

/** Fields of a message or call beyond the common ones; the vendor's `id` only where it can be referred to again. */
export function extraFields(item: JsonObject, keepId: boolean): JsonObject | undefined {
  const extra: JsonObject = {};
  const id = item['id'];
  if (keepId && typeof id === 'string' && id !== '' && !isOwnItemId(id)) extra['id'] = id;
  for (const [key, value] of Object.entries(item)) if (!PLAIN_FIELDS.has(key) && value !== null) extra[key] = value;
  return Object.keys(extra).length === 0 ? undefined : extra;
}

const OWN_ID = '_standin_';

/** An item id of ours, for answers whose vendor has none. No vendor has stored it, so it never goes upstream. */
export function ownItemId(prefix: string, answerId: string, position: number): string {
  return `${prefix}${OWN_ID}${answerId.replace(/^(resp|chatcmpl|msg)[-_]/, '').replace(/[^A-Za-z0-9]/g, '')}${position}`;
}

export function isOwnItemId(id: string): boolean {
  return id.includes(OWN_ID);
}

const SIGNED = 'standin-signed.';

/** Signatures of another wire, packed so that a caller of this one brings them back as `encrypted_content`. */
export function packSignature(fields: { readonly signature: string; readonly redacted?: string }): string {
  return SIGNED + Buffer.from(JSON.stringify(fields)).toString('base64url');
}

export function unpackSignature(content: string): { signature?: string; redacted?: string } | undefined {
  if (!content.startsWith(SIGNED)) return undefined;
  try {
    const fields: unknown = JSON.parse(Buffer.from(content.slice(SIGNED.length), 'base64url').toString());
    if (!isJsonObject(fields)) return {};
    const { signature, redacted } = fields;
    return {
      ...(typeof signature === 'string' ? { signature } : {}),
      ...(typeof redacted === 'string' ? { redacted } : {}),
    };
  } catch {
    return {};
  }
}

export function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function objectsIn(value: unknown): JsonObject[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isJsonObject) : [];
}
