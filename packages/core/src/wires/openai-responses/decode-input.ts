import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { Message, Part, ReasoningPart, ToolResultPart } from '../../spec/message.ts';
import { fail, kindOf, optionalString, requiredString } from '../request-fields.ts';
import { decodeParts, type DecodedPart } from './decode-content.ts';
import { extraFields, isOwnItemId, objectsIn, textOrNone, unpackSignature, WIRE } from './facts.ts';

/**
 * Input items as messages: what the assistant made in a row becomes one turn, and so do tool outputs in a row.
 * `keepIds`: the vendor stores items, so their ids are worth keeping.
 */
export function decodeInput(value: unknown, keepIds: boolean): Message[] {
  if (typeof value === 'string') return [{ role: 'user', content: value }];
  if (!Array.isArray(value)) throw fail('input', `must be a string or an array of items, not ${kindOf(value)}`);
  const turns = createTurns();
  (value as unknown[]).forEach((item, at) => {
    const param = `input[${at}]`;
    if (!isJsonObject(item)) throw fail(param, `must be an object, not ${kindOf(item)}`);
    decodeItem(item, param, keepIds, turns);
  });
  return turns.messages;
}

interface Turns {
  readonly messages: Message[];
  /** A turn of its own. */
  add(message: Message): void;
  assistant(parts: readonly Part[], isMessage: boolean): void;
  tool(part: ToolResultPart): void;
}

function createTurns(): Turns {
  const messages: Message[] = [];
  let open: Part[] = [];
  let openRole: 'assistant' | 'tool' | undefined;
  let lastIsMessage = false;
  const join = (role: 'assistant' | 'tool', parts: readonly Part[]): void => {
    if (openRole !== role) {
      open = [];
      openRole = role;
      messages.push({ role, content: open });
    }
    open.push(...parts);
  };
  return {
    messages,
    add(message) {
      openRole = undefined;
      lastIsMessage = false;
      messages.push(message);
    },
    assistant(parts, isMessage) {
      // Two messages in a row are two turns, so that they are two again on the way out.
      if (isMessage && lastIsMessage) openRole = undefined;
      lastIsMessage = isMessage;
      join('assistant', parts);
    },
    tool(part) {
      lastIsMessage = false;
      join('tool', [part]);
    },
  };
}

function decodeItem(item: JsonObject, param: string, keepIds: boolean, turns: Turns): void {
  const type = optionalString(item['type'], `${param}.type`) ?? 'message';
  switch (type) {
    case 'message':
      return decodeMessage(item, param, keepIds, turns);
    case 'function_call': {
      const id = requiredString(item['call_id'], `${param}.call_id`);
      const name = requiredString(item['name'], `${param}.name`);
      const json = optionalString(item['arguments'], `${param}.arguments`) || '{}';
      return turns.assistant([...before(item, keepIds), { type: 'tool-call', id, name, arguments: json }], false);
    }
    case 'function_call_output': {
      const toolCallId = requiredString(item['call_id'], `${param}.call_id`);
      const content = decodeOutput(item['output'], `${param}.output`);
      return turns.tool({ type: 'tool-result', toolCallId, content });
    }
    case 'reasoning':
      return turns.assistant(decodeReasoning(item, param, keepIds), false);
    default: {
      const part = { type: 'opaque', wire: WIRE, value: item } as const;
      if (/(_output|_response)$/.test(type)) return turns.add({ role: 'user', content: [part] });
      return turns.assistant([part], false);
    }
  }
}

function before(item: JsonObject, keepIds: boolean): Part[] {
  const fields = extraFields(item, keepIds);
  return fields === undefined ? [] : [{ type: 'opaque', wire: WIRE, value: { item: fields } }];
}

function decodeMessage(item: JsonObject, param: string, keepIds: boolean, turns: Turns): void {
  const content = item['content'];
  const path = `${param}.content`;
  switch (item['role']) {
    case 'system':
    case 'developer':
      // A list, because a plain string stands for `instructions`.
      return turns.add({
        role: 'system',
        content: typeof content === 'string' ? [{ type: 'text', text: content }] : decodeParts(content, path),
      });
    case 'user':
      return turns.add({ role: 'user', content: typeof content === 'string' ? content : decodeParts(content, path) });
    case 'assistant': {
      const parts: Part[] =
        typeof content === 'string' ? [{ type: 'text', text: content }] : decodeParts(content ?? [], path);
      return turns.assistant([...before(item, keepIds), ...parts], true);
    }
    default:
      throw fail(`${param}.role`, 'must be one of system, developer, user, assistant');
  }
}

function decodeOutput(value: unknown, param: string): ToolResultPart['content'] {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  return decodeParts(value, param).map((part): Exclude<DecodedPart, { type: 'refusal' }> =>
    part.type === 'refusal' ? { type: 'text', text: part.text } : part,
  );
}

function decodeReasoning(item: JsonObject, param: string, keepIds: boolean): Part[] {
  const encrypted = optionalString(item['encrypted_content'], `${param}.encrypted_content`) || undefined;
  const text = joined(item['summary']) || joined(item['content']);
  const own = encrypted === undefined ? undefined : unpackSignature(encrypted);
  if (own !== undefined) return [{ type: 'reasoning', text, ...own }];
  const id = textOrNone(item['id']);
  const stored = keepIds && id !== undefined && !isOwnItemId(id);
  // The vendor knows the rest of it by its id.
  if (encrypted === undefined && text === '') return stored ? [{ type: 'opaque', wire: WIRE, value: item }] : [];
  const part: ReasoningPart = { type: 'reasoning', text, ...(encrypted === undefined ? {} : { redacted: encrypted }) };
  return stored ? [{ type: 'opaque', wire: WIRE, value: { item: { id } } }, part] : [part];
}

function joined(value: unknown): string {
  return objectsIn(value)
    .map((part) => textOrNone(part['text']) ?? '')
    .filter((text) => text !== '')
    .join('\n\n');
}
