import type { StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import type { ChatRequest } from '../../spec/request.ts';
import { expandReference } from '../schema/references.ts';
import { createRewriter } from './rewriter.ts';

/** The request that asks for its output format through one forced tool, and the name of that tool. */
export interface ToolForm {
  readonly request: ChatRequest;
  readonly tool: string;
}

/**
 * The format as one tool whose arguments are the answer. `undefined` where that has no room: the request has tools or
 * calls of its own, asks for no schema, or the schema is not one of an object.
 */
export function toolFormOf(request: ChatRequest): ToolForm | undefined {
  const { outputFormat: format, ...rest } = request;
  if (format?.type !== 'json-schema' || (request.tools ?? []).length > 0 || hasCalls(request)) return undefined;
  const parameters = objectSchema(format.schema);
  if (parameters === undefined) return undefined;
  const tool = toolName(format.name);
  const about = format.description === undefined ? '' : ` ${format.description}`;
  return {
    tool,
    request: {
      ...rest,
      tools: [{ name: tool, description: `Gives the answer to the user.${about}`, parameters }],
      toolChoice: { type: 'tool', name: tool },
      parallelToolCalls: undefined,
    },
  };
}

function hasCalls({ messages }: ChatRequest): boolean {
  return messages.some(
    ({ role, content }) =>
      role === 'tool' || (typeof content !== 'string' && content.some((part) => part.type === 'tool-call')),
  );
}

/** Arguments are objects. A root that only refers to one (as generators write it) is put in its place. */
function objectSchema(schema: JsonObject): JsonObject | undefined {
  const { $schema: _draft, ...root } = schema;
  let own: JsonObject = root;
  for (let depth = 0; own['$ref'] !== undefined; depth += 1) {
    const found = depth < 5 ? expandReference(own, root) : undefined;
    if (found === undefined) return undefined;
    own = found.schema;
  }
  if (own !== root) for (const name of ['$defs', 'definitions']) own = withDefinitions(own, name, root[name]);
  if (own['type'] === 'object') return own;
  return own['type'] === undefined && isJsonObject(own['properties']) ? { ...own, type: 'object' } : undefined;
}

function withDefinitions(schema: JsonObject, name: string, definitions: JsonObject[string] | undefined): JsonObject {
  return definitions === undefined || schema[name] !== undefined ? schema : { ...schema, [name]: definitions };
}

/** Letters, digits, `_` and `-`, beginning with a letter: what every wire takes as it is. */
function toolName(name: string): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').slice(0, 60);
  return /^[a-zA-Z]/.test(plain) ? plain : `answer_${plain}`.slice(0, 60).replace(/_+$/, '');
}

/**
 * Turns the call of the tool back into the text it stands for, as it comes. Text of a server that did not obey is held
 * until it is clear that no call comes, and given as the answer then; beside a call it is left out.
 */
export function createToolFormReader(tool: string): { push(events: readonly StreamEvent[]): readonly StreamEvent[] } {
  const rewriter = createRewriter();
  let call: number | undefined;
  let spoken = '';
  let refused = false;
  const dropped: string[] = [];

  const take = (event: StreamEvent): void => {
    switch (event.type) {
      case 'tool-call-start':
        if (event.name === tool && call === undefined) call = event.index;
        else dropped.push(event.name);
        return;
      case 'tool-call-delta':
        if (event.index === call) rewriter.text(event.json);
        return;
      case 'tool-call-end':
        return;
      case 'text-start':
        refused = event.refusal === true;
        return;
      case 'text-delta':
        if (refused) rewriter.pass(event);
        else spoken += event.text;
        return;
      case 'finish':
        return finish(event);
      default:
        return rewriter.pass(event);
    }
  };
  const finish = (event: Extract<StreamEvent, { type: 'finish' }>): void => {
    if (call === undefined) rewriter.text(spoken);
    if (dropped.length > 0) {
      const message = `Calls beside the forced output tool were left out: ${[...new Set(dropped)].join(', ')}.`;
      rewriter.pass({ type: 'warning', code: 'output-tool-extra', message });
    }
    // The vendor's own word for the reason speaks of a tool that the caller knows nothing of.
    const { rawReason: _raw, ...rest } = event;
    rewriter.pass(event.reason === 'tool-calls' ? { ...rest, reason: 'stop' } : event);
  };

  return {
    push(events) {
      for (const event of events) take(event);
      return rewriter.take();
    },
  };
}
