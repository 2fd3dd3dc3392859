import { z } from 'zod';

import { agentSchema, modelRouteSchema } from './agent.ts';
import { budgetsSchema, costSchema, ledgerSchema } from './accounts.ts';
import { mcpSchema } from './mcp.ts';
import { field, foreignKeys } from './meta.ts';
import { providerSchema } from './provider.ts';
import { reliabilitySchema } from './reliability.ts';

export const SCHEMA_VERSION = 3;

const gatewaySchema = z.strictObject({
  host: field(z.string().min(1), { description: 'Address to listen on.', defaultText: '127.0.0.1' }),
  port: field(z.int().min(0).max(65_535), {
    description: 'Port to listen on; 0 takes a free one.',
    defaultText: '8787',
  }),
  workers: field(z.int().min(1).max(256), { description: 'Processes that serve.', defaultText: '1' }),
  require_keys: field(z.boolean(), {
    description: 'Ask callers for a virtual key although none was made yet; with one they are asked anyway.',
    defaultText: 'false',
  }),
  max_concurrent: field(z.int().min(1).max(1_000_000), {
    description:
      'Calls at the same time, by process; more are answered 503 at once. While the process is late, fewer are taken.',
    defaultText: '10000',
  }),
  drain_secs: field(z.number().min(0).max(86_400), {
    description: 'Seconds that answers under way may take to finish when the gateway is stopped.',
    defaultText: '10',
  }),
  tracing: field(z.boolean(), {
    description:
      'Send OpenTelemetry traces by OTLP over HTTP (`OTEL_EXPORTER_OTLP_ENDPOINT`); no message content is in them.',
    defaultText: 'false',
  }),
  metrics_names: field(z.array(z.enum(['zeroclaw', 'zeptoclaw'])), {
    description: 'Programs under whose metric names the same is counted too, beside `standin_…`.',
    example: '["zeroclaw"]',
  }),
  passthrough: field(z.array(z.string().min(1)), {
    description: 'Entries that /passthrough reaches, `<type>.<alias>`; "*" stands for any.',
    defaultText: 'all on loopback while no keys are asked for, else none',
    example: '["openai.main"]',
  }),
  cache: field(
    z.strictObject({
      enabled: field(z.boolean(), {
        description: 'Give the same answer to the same request again.',
        defaultText: 'true when ttl_secs is set, else false',
      }),
      ttl_secs: field(z.number().positive().max(2_592_000), {
        description: 'Seconds for which an answer is given again.',
        defaultText: '300',
      }),
      max_entries: field(z.int().min(1).max(1_000_000), { description: 'Answers kept.', defaultText: '1000' }),
      max_mb: field(z.number().positive().max(65_536), { description: 'MiB of all of them.', defaultText: '64' }),
      across_keys: field(z.boolean(), {
        description: "Give one virtual key's answers to another.",
        defaultText: 'false',
      }),
    }),
    { description: 'Exact answers in memory; off unless set.' },
  ),
  batches: field(
    z.strictObject({
      enabled: field(z.boolean(), { description: 'Answer /v1/files and /v1/batches.', defaultText: 'true' }),
      dir: field(z.string().min(1), {
        description: 'Folder of their files; all workers use the same.',
        defaultText: '$STANDIN_HOME/batches',
      }),
      concurrency: field(z.int().min(1).max(10_000), {
        description: 'Requests of one batch under way at the same time.',
        defaultText: '16',
      }),
      keep_days: field(z.number().positive().max(3_650), {
        description: 'Days after which files and ended batches are removed.',
        defaultText: '30',
      }),
      max_file_mb: field(z.number().positive().max(65_536), { description: 'Largest file, MiB.', defaultText: '200' }),
      max_files: field(z.int().min(1).max(100_000), { description: 'Files of one virtual key.', defaultText: '500' }),
      max_total_mb: field(z.number().positive().max(1_048_576), {
        description: 'All files of one virtual key, MiB.',
        defaultText: '2048',
      }),
    }),
    { description: "OpenAI's Batch API." },
  ),
  max_body_mb: field(z.number().positive().max(1024), { description: 'Largest request body, MiB.', defaultText: '32' }),
  ...foreignKeys(
    [
      'require_pairing',
      'allow_public_bind',
      'allow_remote_admin',
      'paired_tokens',
      'path_prefix',
      'web_dist_dir',
      'pair_rate_limit_per_minute',
      'webhook_rate_limit_per_minute',
      'trust_forwarded_headers',
      'rate_limit_max_keys',
      'idempotency_ttl_secs',
      'idempotency_max_keys',
      'session_persistence',
      'session_ttl_hours',
      'pairing_dashboard',
      'tls',
      'request_timeout_secs',
      'long_running_request_timeout_secs',
    ],
    'ZeroClaw',
  ),
});

/** Sections of Standin that later versions fill. */
export const LATER_SECTIONS = ['query_classification'] as const;

/** Sections of a ZeroClaw v3 file that are not about model calls. */
export const FOREIGN_SECTIONS = [
  'a2a', 'acp', 'approval_routes', 'autonomy', 'backup', 'browser', 'browser_delegate', 'channels', 'claude_code',
  'cloud_ops', 'codex_cli', 'composio', 'conversational_ai', 'cron', 'data_retention', 'delegate', 'devices',
  'embedding_routes', 'escalation', 'eval', 'file_upload', 'gemini_cli', 'google_workspace', 'hardware', 'heartbeat',
  'hooks', 'http_request', 'identity', 'image_gen', 'jira', 'knowledge', 'knowledge_bundles', 'linkedin', 'locale',
  'locales', 'mcp_bundles', 'media_pipeline', 'memory', 'microsoft365', 'multimodal', 'node_transport', 'nodes',
  'notion', 'observability', 'onboard_state', 'opencode_cli', 'pacing', 'peer_groups', 'peripherals', 'pipeline',
  'plugins', 'project_intel', 'proxy', 'risk_profiles', 'runtime', 'runtime_profiles', 'scheduler', 'secrets',
  'security', 'security_ops', 'shell_tool', 'skill_bundles', 'skills', 'sop', 'storage', 'swarms', 'text_browser',
  'tool_filter_groups', 'transcription', 'trust', 'tts', 'tunnel', 'tuis', 'verifiable_intent', 'web_fetch',
  'web_search', 'workspace',
] as const; // prettier-ignore

export const configSchema = z.strictObject({
  schema_version: field(z.int().min(1), {
    description: 'Generation of this file.',
    defaultText: String(SCHEMA_VERSION),
  }),
  providers: field(
    z.strictObject({
      models: field(z.record(z.string().min(1), z.record(z.string().min(1), providerSchema)), {
        description: 'Entries by slot and alias: `[providers.models.<type>.<alias>]`.',
      }),
      ...foreignKeys(['tts', 'transcription', 'embeddings', 'fallback'], 'ZeroClaw'),
    }),
    { description: 'Model providers.' },
  ),
  agents: field(z.record(z.string().min(1), agentSchema), { description: 'Agents by alias.' }),
  reliability: field(reliabilitySchema, { description: 'Retries, limits and rescue.' }),
  model_routes: field(z.array(modelRouteSchema), { description: 'Routes by requested model name.' }),
  gateway: field(gatewaySchema, { description: 'The HTTP gateway.' }),
  mcp: field(mcpSchema, { description: 'MCP servers whose tools agents may use.' }),
  budgets: field(budgetsSchema, { description: 'Money limits of the gateway, UTC days and months.' }),
  cost: field(costSchema, { description: "ZeroClaw's limits of money: they hold as [budgets]." }),
  ledger: field(ledgerSchema, { description: 'The record of every request.' }),
  ...foreignKeys(LATER_SECTIONS, 'Standin (later)'),
  ...foreignKeys(FOREIGN_SECTIONS, 'ZeroClaw'),
});

/** The whole config as checked: names as in the file, secrets opaque, nothing filled in. */
export type ConfigDocument = z.output<typeof configSchema>;
export type GatewayFields = z.output<typeof gatewaySchema>;
