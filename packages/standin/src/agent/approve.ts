import type { AgentTool } from '@standin/agent';
import type { ToolCallPart } from '@standin/core/spec/message';
import { safeForTerminal } from '../cli/output.ts';

const SHOWN_CHARS = 600;

/** What a person is asked before a tool runs. The arguments are the model's words: nothing in them reaches the terminal as a command. */
export function approvalQuestion(call: ToolCallPart, tool: AgentTool): string {
  const args = safeForTerminal(call.arguments);
  const shown = args.length > SHOWN_CHARS ? `${args.slice(0, SHOWN_CHARS)}… (${args.length} characters)` : args;
  return `Run ${safeForTerminal(call.name)} (${tool.source ?? 'a tool'}) with ${shown} ? [y]es, [n]o, [a]lways`;
}

export function approvalOf(answer: string): 'yes' | 'no' | 'always' {
  const word = answer.trim().toLowerCase();
  if (['a', 'always'].includes(word)) return 'always';
  return ['y', 'yes'].includes(word) ? 'yes' : 'no';
}
