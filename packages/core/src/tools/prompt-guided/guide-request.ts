import { isJsonObject } from '../../spec/json.ts';
import {
  partsOf,
  type ImagePart,
  type DocumentPart,
  type Message,
  type Part,
  type TextPart,
  type ToolCallPart,
  type ToolResultPart,
} from '../../spec/message.ts';
import type { ChatRequest, Tool, ToolChoice } from '../../spec/request.ts';

/**
 * The same request for a model that knows no tools of its own: the tools stand in the system prompt, calls and results
 * of the history stand in the text. A request without tools and without tool parts comes back as it is.
 */
export function guideRequest(request: ChatRequest): ChatRequest {
  if (!speaksOfTools(request)) return request;
  const { tools, toolChoice, parallelToolCalls, ...rest } = request;
  const messages = rewriteHistory(request.messages);
  const rules = toolRules(tools ?? [], toolChoice, parallelToolCalls);
  return { ...rest, messages: rules === '' ? messages : withSystem(messages, rules) };
}

/** True when the request declares tools or its history holds tool calls or results. */
export function speaksOfTools(request: ChatRequest): boolean {
  if (request.tools !== undefined && request.tools.length > 0) return true;
  return request.messages.some(
    ({ content }) =>
      typeof content !== 'string' && content.some((part) => part.type === 'tool-call' || part.type === 'tool-result'),
  );
}

/** Tools a prompt can describe: those of one wire have no common form. */
export function guidableTools(request: ChatRequest): readonly Tool[] {
  return (request.tools ?? []).filter((tool) => tool.opaque === undefined);
}

const INTRODUCTION = `## Tool Use Protocol

To use a tool, write a JSON object wrapped in <tool_call></tool_call> tags, the tags on lines of their own:

<tool_call>
{"name": "tool_name", "arguments": {"parameter": "value"}}
</tool_call>

Write the tags and the JSON exactly so, never inside a code block, and never describe a call instead of making it. You may make several calls in one answer, each in its own tags. After the calls end your answer: the results come back to you in <tool_result> tags. Never write a <tool_result> yourself.`;

function toolRules(tools: readonly Tool[], choice: ToolChoice | undefined, parallel: boolean | undefined): string {
  const usable = tools.filter((tool) => tool.opaque === undefined);
  if (usable.length === 0) return '';
  const sections = [INTRODUCTION];
  if (parallel === false) sections.push('Make at most one call in one answer.');
  const demand = choiceRule(choice);
  if (demand !== '') sections.push(demand);
  sections.push(['### Available Tools', ...usable.map(describeTool)].join('\n\n'));
  return sections.join('\n\n');
}

function choiceRule(choice: ToolChoice | undefined): string {
  switch (choice?.type) {
    case 'none':
      return 'Do not call any tool in this answer: answer in plain text.';
    case 'required':
      return 'You must call at least one of the tools in this answer.';
    case 'tool':
      return `You must call the tool ${choice.name} in this answer, and no other.`;
    default:
      return '';
  }
}

function describeTool({ name, description, parameters }: Tool): string {
  const schema = JSON.stringify(parameters ?? { type: 'object', properties: {} });
  const about = description === undefined || description.trim() === '' ? '' : `: ${description.trim()}`;
  return `**${name}**${about}\nParameters: \`${schema}\``;
}

/** Appended to the opening system message, so that a cached beginning of the prompt stays the same. */
function withSystem(messages: readonly Message[], rules: string): readonly Message[] {
  const [first, ...rest] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content: rules }, ...messages];
  const content =
    typeof first.content === 'string'
      ? join(first.content, rules)
      : [...first.content, { type: 'text', text: `\n\n${rules}` } as const];
  return [{ ...first, content }, ...rest];
}

function join(before: string, after: string): string {
  return before.trim() === '' ? after : `${before.trimEnd()}\n\n${after}`;
}

function rewriteHistory(messages: readonly Message[]): readonly Message[] {
  const names = new Map<string, string>();
  const written: Message[] = [];
  /** Results of one round, and what the user says right after them, are one turn: small models demand alternation. */
  let results: Part[] | undefined;
  const flush = (): void => {
    if (results !== undefined) written.push({ role: 'user', content: results });
    results = undefined;
  };
  for (const message of messages) {
    const parts = partsOf(message.content);
    for (const part of parts) if (part.type === 'tool-call') names.set(part.id, part.name);
    if (message.role === 'assistant') {
      flush();
      written.push(parts.some((part) => part.type === 'tool-call') ? withWrittenCalls(message, parts) : message);
      continue;
    }
    const isResult = parts.some((part) => part.type === 'tool-result');
    if (!isResult && (message.role !== 'user' || results === undefined)) {
      flush();
      written.push(message);
      continue;
    }
    results = isResult && results === undefined ? [{ type: 'text', text: '[Tool results]' }] : (results ?? []);
    for (const part of parts) appendPart(results, part, names);
  }
  flush();
  return written;
}

function withWrittenCalls(message: Message, parts: readonly Part[]): Message {
  const content: Part[] = [];
  for (const part of parts) {
    if (part.type !== 'tool-call') content.push(part);
    else appendText(content, writtenCall(part));
  }
  return { ...message, content };
}

function writtenCall({ name, arguments: args }: ToolCallPart): string {
  return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": ${argumentsText(args)}}\n</tool_call>`;
}

/** As the model wrote them; what is no JSON object stands as a string, so that the call itself stays readable. */
function argumentsText(args: string): string {
  if (args.trim() === '') return '{}';
  try {
    return isJsonObject(JSON.parse(args)) ? args.trim() : JSON.stringify(args);
  } catch {
    return JSON.stringify(args);
  }
}

function appendPart(target: Part[], part: Part, names: ReadonlyMap<string, string>): void {
  if (part.type === 'tool-result') appendResult(target, part, part.name ?? names.get(part.toolCallId));
  else if (part.type === 'text' && part.cacheControl === undefined) appendText(target, part.text);
  else target.push(part);
}

/** Images and documents of a result stay where they stood, between its tags. */
function appendResult(target: Part[], part: ToolResultPart, name: string | undefined): void {
  const status = part.isError === true ? 'error' : 'ok';
  appendText(target, `<tool_result name="${attribute(name ?? part.toolCallId)}" status="${status}">`);
  const inner = typeof part.content === 'string' ? partsOf(part.content) : part.content;
  for (const piece of inner) {
    const shown = resultPiece(piece as Exclude<ToolResultPart['content'], string>[number]);
    if (typeof shown === 'string') appendText(target, shown);
    else target.push(shown);
  }
  appendText(target, '</tool_result>', part.cacheControl);
}

type ResultPiece = Exclude<ToolResultPart['content'], string>[number];

function resultPiece(piece: ResultPiece): string | ImagePart | DocumentPart {
  if (piece.type === 'text') return harmless(piece.text);
  return piece.type === 'opaque' ? '[Item left out]' : piece;
}

/** What a tool returns must not end its own result and speak in the protocol's voice. */
function harmless(text: string): string {
  return text.replaceAll(/<(?=\/\s*tool_result)/gi, '&lt;');
}

function attribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('"', '&quot;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\r\n]+/g, ' ');
}

function appendText(target: Part[], text: string, cacheControl?: TextPart['cacheControl']): void {
  const last = target.at(-1);
  const mark = cacheControl === undefined ? {} : { cacheControl };
  if (last?.type === 'text' && last.cacheControl === undefined) {
    const gap = last.text === '' || last.text.endsWith('\n') ? '' : '\n';
    target[target.length - 1] = { ...last, ...mark, text: `${last.text}${gap}${text}` };
  } else target.push({ type: 'text', text, ...mark });
}
