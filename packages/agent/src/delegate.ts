import type { AgentBudget } from './budget.ts';
import type { AgentEvent, AgentResult } from './events.ts';
import { failure } from './run-tool.ts';
import type { AgentTool } from './tool.ts';

export const MOST_DEPTH = 4;

export interface Delegate {
  readonly alias: string;
  /** For the model that hands work over. */
  readonly description?: string;
}

/** Runs one delegate to its end. `path`: who handed the work over, outermost first. */
export type RunDelegate = (
  alias: string,
  task: string,
  context: { readonly path: readonly string[]; readonly budget: AgentBudget; readonly signal: AbortSignal },
) => AsyncGenerator<AgentEvent, AgentResult>;

/**
 * The tool by which an agent hands work to another one. Both share one budget and one deadline; what the other one does
 * is told to `onEvent`. An agent that already stands in the path is not called again.
 */
export function delegateTool(options: {
  readonly delegates: readonly Delegate[];
  readonly path: readonly string[];
  readonly budget: AgentBudget;
  readonly run: RunDelegate;
  readonly onEvent: (event: AgentEvent) => void;
}): AgentTool | undefined {
  const { path, budget, run, onEvent } = options;
  const delegates = options.delegates.filter(({ alias }) => !path.includes(alias));
  if (delegates.length === 0 || path.length >= MOST_DEPTH) return undefined;
  const list = delegates.map(
    ({ alias, description }) => `${alias}${description === undefined ? '' : `: ${description}`}`,
  );
  return {
    name: 'delegate',
    description: `Hand a task to another agent and get its answer. It does not see this conversation: say everything it needs.\nAgents:\n${list.join('\n')}`,
    parameters: {
      type: 'object',
      properties: {
        agent: { type: 'string', enum: delegates.map(({ alias }) => alias) },
        task: { type: 'string', description: 'The whole task, with all it needs to know.' },
      },
      required: ['agent', 'task'],
      additionalProperties: false,
    },
    source: 'delegates of the agent',
    // The run's own deadline and budget bound it.
    timeoutMs: 2 ** 31 - 1,
    async run(args, { signal }) {
      const { agent, task } = args;
      if (typeof agent !== 'string' || !delegates.some(({ alias }) => alias === agent))
        return failure(`"agent" must be one of ${delegates.map(({ alias }) => alias).join(', ')}.`);
      if (typeof task !== 'string' || task.trim() === '') return failure('"task" must say what to do.');
      const events = run(agent, task, { path, budget, signal });
      for (;;) {
        const next = await events.next();
        if (next.done !== true) {
          // Its checkpoints are not this conversation.
          if (next.value.type !== 'checkpoint') onEvent(next.value);
          continue;
        }
        const { ended, text } = next.value;
        if (ended === 'answer') return { content: text === '' ? '(no answer)' : text };
        return failure(`${agent} did not finish (${ended}).${text === '' ? '' : ` So far: ${text}`}`);
      }
    },
  };
}
