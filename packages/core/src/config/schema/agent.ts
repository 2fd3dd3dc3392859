import { z } from 'zod';

import { field, foreignKeys } from './meta.ts';
import { secretText } from './secret.ts';

/** `[agents.<alias>]`. */
export const agentSchema = z.strictObject({
  enabled: field(z.boolean(), { description: 'A disabled agent cannot be called.', defaultText: 'true' }),
  model_provider: field(z.string().min(1), { description: 'Entry that answers for this agent, `<type>.<alias>`.' }),
  model: field(z.string().min(1), { description: "Model of this agent, instead of the entry's own." }),
  system_prompt: field(z.string(), { description: 'System prompt of this agent.' }),
  description: field(z.string(), {
    description: 'What this agent is good at: other agents read it before handing work over.',
  }),
  tools: field(z.array(z.string().min(1)), {
    description: 'MCP servers of [mcp.servers] and tool names (with * as pattern) that this agent may use.',
    example: '["files", "get_*"]',
  }),
  run_tools: field(z.enum(['caller', 'gateway']), {
    description:
      'Who runs the tools and delegates when this agent is asked for over HTTP: `gateway` runs them there and answers with what came of it; `caller` leaves them out, and callers bring their own.',
    defaultText: 'caller',
  }),
  approval: field(z.record(z.string().min(1), z.enum(['ask', 'allow', 'deny'])), {
    description: 'Tool name or pattern → `ask`, `allow` or `deny`; without a terminal `ask` is `deny`.',
    defaultText: '{ "*" = "ask" }',
  }),
  parallel_tools: field(z.boolean(), { description: 'Calls of one step run side by side.', defaultText: 'true' }),
  max_steps: field(z.int().min(1).max(1_000), { description: 'Most model calls for one question.', defaultText: '25' }),
  max_secs: field(z.number().positive(), { description: 'Seconds one question may take, delegates included.' }),
  max_total_tokens: field(z.int().positive(), { description: 'Tokens one question may use, delegates included.' }),
  max_cost_usd: field(z.number().positive(), { description: 'USD one question may cost, delegates included.' }),
  summarise: field(z.boolean(), {
    description: 'Put a summary in the place of turns that no longer fit into the context window.',
    defaultText: 'false',
  }),
  delegates: field(
    z.array(
      z.union([
        z.string().min(1),
        z.strictObject({ agent: z.string().min(1), mode: z.enum(['bounded', 'independent']).optional() }),
      ]),
    ),
    { description: 'Agents this one may hand work to.' },
  ),
  ...foreignKeys(
    [
      'channels',
      'risk_profile',
      'runtime_profile',
      'skill_bundles',
      'knowledge_bundles',
      'mcp_bundles',
      'acp_enable_mcp',
      'cron_jobs',
      'tts_provider',
      'transcription_provider',
      'classifier_provider',
      'precheck',
      'summary_provider',
      'delegate_same_risk_profile',
      'workspace',
      'memory',
      'identity',
      'a2a',
    ],
    'ZeroClaw',
  ),
});

export type AgentFields = z.output<typeof agentSchema>;

/** One `[[model_routes]]`. */
export const modelRouteSchema = z.strictObject({
  hint: z.string().min(1).meta({ description: 'Prefix of the requested model name; `hint:NAME` selects it exactly.' }),
  model_provider: field(z.string().min(1), { description: 'Entry that answers, `<type>.<alias>`.' }),
  provider: field(z.string().min(1), { description: 'The same under its older name.' }),
  model: field(z.string().min(1), { description: 'Model to use. Unset: the one asked for.' }),
  api_key: field(secretText, { description: "Key of this route, instead of the entry's.", secret: true }),
});

export type ModelRouteFields = z.output<typeof modelRouteSchema>;
