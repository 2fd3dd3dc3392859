import { z } from 'zod';

import { field, foreignKeys } from './meta.ts';
import { secretText } from './secret.ts';

/** `[agents.<alias>]`. */
export const agentSchema = z.strictObject({
  enabled: field(z.boolean(), { description: 'A disabled agent cannot be called.', defaultText: 'true' }),
  model_provider: field(z.string().min(1), { description: 'Entry that answers for this agent, `<type>.<alias>`.' }),
  model: field(z.string().min(1), { description: "Model of this agent, instead of the entry's own." }),
  system_prompt: field(z.string(), { description: 'System prompt of this agent.' }),
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
