import { globMatches } from '@standin/core/vendors/glob';
import type { ToolCallPart } from '@standin/core/spec/message';
import type { Approve } from './run-tool.ts';
import type { AgentTool } from './tool.ts';

export type Approval = 'ask' | 'allow' | 'deny';

/** Tool name or pattern (`files_*`, `*`) → what holds for it. The longest pattern that fits decides. */
export type ApprovalRules = Readonly<Record<string, Approval>>;

/** Asks a person; `always`: for the rest of this run too. */
export type AskPerson = (call: ToolCallPart, tool: AgentTool) => Promise<'yes' | 'no' | 'always'>;

/**
 * Who may run what. Without a rule a tool is asked about; with nobody to ask (`askPerson` absent) it is denied, and the
 * model is told how a person could allow it.
 */
export function approvalFor(rules: ApprovalRules, askPerson: AskPerson | undefined): Approve {
  const always = new Set<string>();
  let turn: Promise<unknown> = Promise.resolve();
  return async (call, tool) => {
    const rule = ruleFor(rules, tool.name);
    if (rule === 'allow' || always.has(tool.name)) return true;
    if (rule === 'deny') return `The tool ${tool.name} is not allowed here.`;
    if (askPerson === undefined)
      return `The tool ${tool.name} needs a person's approval, and there is nobody to ask; it can be allowed in the config (approval = { "${tool.name}" = "allow" }).`;
    // One question at a time, whatever runs side by side.
    const answer = turn.then(async () => (always.has(tool.name) ? 'yes' : askPerson(call, tool)));
    turn = answer.catch(() => {});
    const said = await answer;
    if (said === 'always') always.add(tool.name);
    return said === 'no' ? `The user did not allow this call of ${tool.name}.` : true;
  };
}

function ruleFor(rules: ApprovalRules, name: string): Approval {
  if (rules[name] !== undefined && Object.hasOwn(rules, name)) return rules[name];
  const [best] = Object.entries(rules)
    .filter(([pattern]) => pattern.includes('*') && globMatches(pattern, name))
    .toSorted(([one], [two]) => two.length - one.length);
  return best?.[1] ?? 'ask';
}
