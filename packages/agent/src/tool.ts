import type { JsonObject, JsonValue } from '@standin/core/spec/json';
import type { DocumentPart, ImagePart, TextPart } from '@standin/core/spec/message';

/** What a tool gave back, in parts that a model can read. */
export interface ToolOutcome {
  readonly content: string | readonly (TextPart | ImagePart | DocumentPart)[];
  /** The model is told that it failed. Default false. */
  readonly isError?: boolean;
}

export interface ToolContext {
  /** Aborted when the run is stopped or the tool took too long. */
  readonly signal: AbortSignal;
}

/** Something a model may call. Throwing is fine: the model is told the message, the run goes on. */
export interface AgentTool {
  /** Given to the model as it is; letters, digits, `_` and `-` suit every vendor. */
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. Absent: none are taken. */
  readonly parameters?: JsonObject;
  /** Where it comes from, for people: `mcp server files`. */
  readonly source?: string;
  /** Milliseconds one call may take. Default 120,000. */
  readonly timeoutMs?: number;
  /** Anything but a `ToolOutcome` is given to the model as text: a string as it is, the rest as JSON. */
  run(args: JsonObject, context: ToolContext): Promise<ToolOutcome | JsonValue | undefined>;
}

/**
 * A tool from a plain function and a schema.
 *
 * @example
 * const clock = defineTool({ name: 'time', description: 'The time now, UTC' }, async () => new Date().toISOString());
 */
export function defineTool(
  facts: Omit<AgentTool, 'run'>,
  run: (args: JsonObject, context: ToolContext) => Promise<ToolOutcome | JsonValue | undefined>,
): AgentTool {
  return { ...facts, run };
}
