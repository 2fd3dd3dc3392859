import { isJsonObject, type JsonObject } from '@standin/core/spec/json';
import type { ToolCallPart } from '@standin/core/spec/message';
import { outcomeOf } from './outcome.ts';
import type { AgentTool, ToolOutcome } from './tool.ts';

export const DEFAULT_TOOL_TIMEOUT_MS = 120_000;

/** Whether a tool may run; a text is the reason why not, for the model. */
export type Approve = (call: ToolCallPart, tool: AgentTool) => Promise<true | string>;

/**
 * Runs one call. Whatever goes wrong becomes a result that tells the model: unknown tool, arguments that are no JSON
 * object, a refused approval, an exception, a time-out. Rejects only when the run itself is stopped.
 */
export async function runTool(
  call: ToolCallPart,
  tools: ReadonlyMap<string, AgentTool>,
  options: { readonly signal: AbortSignal; readonly approve: Approve; readonly mostChars?: number },
): Promise<ToolOutcome> {
  const tool = tools.get(call.name);
  if (tool === undefined) {
    const known = [...tools.keys()].slice(0, 40).join(', ');
    return failure(`There is no tool "${call.name}". ${known === '' ? 'There are no tools.' : `Tools: ${known}.`}`);
  }
  const args = argumentsOf(call);
  if (typeof args === 'string') return failure(args);
  const approved = await options.approve(call, tool);
  if (approved !== true) return failure(approved);
  const timeoutMs = tool.timeoutMs ?? DEFAULT_TOOL_TIMEOUT_MS;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([options.signal, timeout]);
  try {
    const value = await orAborted(tool.run(args, { signal }), signal);
    return outcomeOf(value, options.mostChars);
  } catch (error) {
    if (options.signal.aborted) throw error;
    if (timeout.aborted) return failure(`The tool did not answer within ${timeoutMs / 1_000} s.`);
    return failure(outcomeOf(error instanceof Error ? error.message : String(error)).content as string);
  }
}

export function failure(message: string): ToolOutcome {
  return { content: message, isError: true };
}

function argumentsOf(call: ToolCallPart): JsonObject | string {
  const text = call.arguments.trim() === '' ? '{}' : call.arguments;
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    return `The arguments of ${call.name} are not valid JSON: ${text.slice(0, 200)}`;
  }
  return `The arguments of ${call.name} must be a JSON object.`;
}

/** A tool that ignores its signal does not hold the run up. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Error('aborted'));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
