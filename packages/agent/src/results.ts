import type { Message, ToolCallPart, ToolResultPart } from '@standin/core/spec/message';
import { failure } from './run-tool.ts';
import type { ToolOutcome } from './tool.ts';

/** The same reason for every call. */
export function notRun(calls: readonly ToolCallPart[], why: string): ToolOutcome[] {
  return calls.map(() => failure(why));
}

/** All results of one step in one message, in the order of the calls. */
export function resultsOf(calls: readonly ToolCallPart[], outcomes: readonly ToolOutcome[]): Message {
  const content = calls.map((call, at): ToolResultPart => {
    const { content: result, isError } = outcomes[at] ?? failure('The tool gave no result.');
    return {
      type: 'tool-result',
      toolCallId: call.id,
      name: call.name,
      content: result,
      ...(isError === true ? { isError } : {}),
    };
  });
  return { role: 'tool', content };
}
