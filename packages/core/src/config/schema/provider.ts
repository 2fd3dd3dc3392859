import { z } from 'zod';

import { field } from './meta.ts';
import { secretText } from './secret.ts';

const price = z.number().min(0);
const seconds = z.number().positive().max(86_400);
const jsonObject = z.record(z.string(), z.json());

/** Identity, credentials and where the calls go. */
const identity = {
  api_key: field(secretText, {
    description: 'Secret API token of this provider. Absent: the usual environment variable of the vendor is read.',
    secret: true,
    example: '"${ANTHROPIC_API_KEY}"',
  }),
  api_keys: field(z.array(secretText), {
    description: 'Several API tokens, used in turn; a rate-limited or rejected key gives way to the next.',
    secret: true,
    example: '["${KEY_A}", "${KEY_B}"]',
  }),
  kind: field(z.string().min(1), {
    description: 'Implementation to use for this entry: "openai-compatible" or the name of another slot.',
    example: '"openai-compatible"',
  }),
  uri: field(z.string().min(1), {
    description: 'Where the calls go: a host, a base with its version, or the full endpoint.',
    example: '"http://127.0.0.1:9000/v1"',
  }),
  endpoint: field(z.string().min(1), {
    description: 'Regional variant of the vendor, such as "intl" or "cn".',
    example: '"intl"',
  }),
  wire_api: field(z.enum(['chat_completions', 'responses', 'messages', 'gemini', 'ollama', 'cohere', 'interactions']), {
    description: 'Protocol of the endpoint where the slot speaks several.',
    defaultText: 'the slot decides',
    spellings: {
      chat: 'chat_completions',
      chatcompletions: 'chat_completions',
      chat_completion: 'chat_completions',
      completions: 'chat_completions',
      openai_chat: 'chat_completions',
      openai_chat_completions: 'chat_completions',
      response: 'responses',
      openai_responses: 'responses',
      open_ai_responses: 'responses',
      message: 'messages',
      anthropic: 'messages',
      anthropic_messages: 'messages',
      generate_content: 'gemini',
      google: 'gemini',
      ollama_chat: 'ollama',
      cohere_chat: 'cohere',
      cohere_v2: 'cohere',
      interaction: 'interactions',
      gemini_interactions: 'interactions',
      google_interactions: 'interactions',
    },
  }),
  extra_headers: field(z.record(z.string().min(1), secretText), {
    description: 'Extra HTTP headers of every request. Values are treated as secrets.',
    secret: true,
  }),
  requires_openai_auth: field(z.boolean(), {
    description: 'Take the credential from OPENAI_API_KEY or the Codex login instead of `api_key`.',
    defaultText: 'false',
  }),
  tls_ca_cert_path: field(z.string().min(1), { description: 'PEM file of an extra certificate authority.' }),
};

const models = {
  model: field(z.string().min(1), {
    description: 'Model id as the vendor knows it.',
    defaultText: "the slot's default model",
  }),
  fallback_models: field(z.array(z.string().min(1)), {
    description: 'Other models of the same endpoint and key, tried in order before leaving this entry.',
    defaultText: '[]',
  }),
  fallback: field(z.array(z.string().min(1)), {
    description: 'Other entries, `<type>.<alias>`, tried depth-first; each uses its own key, endpoint and model.',
    defaultText: '[]',
  }),
};

const behaviour = {
  max_tokens: field(z.int().min(1), { description: 'Most tokens of one answer, when the caller names none.' }),
  temperature: field(z.number().min(0).max(2), {
    description: 'Sampling temperature, 0 to 2. Unset: the field is absent from the request.',
  }),
  think: field(z.boolean(), {
    description: 'Thinking on or off for models that can be told; unset: the model decides.',
  }),
  timeout_secs: field(seconds, { description: 'Most time for one attempt, in seconds.' }),
  merge_system_into_user: field(z.boolean(), {
    description: 'Fold the system prompt into the first user message.',
    defaultText: 'the slot decides',
  }),
  native_tools: field(z.boolean(), {
    description: 'Function calling of the wire itself; false renders tools into the prompt.',
    defaultText: 'the slot decides',
  }),
  vision: field(z.boolean(), { description: 'The model can read images.', defaultText: 'unknown: tried' }),
  context_window: field(z.int().min(1), { description: 'Tokens the model can read.', defaultText: 'the catalog' }),
  chat_template_kwargs: field(jsonObject, {
    description: 'Template variables sent as `chat_template_kwargs` (llama.cpp, vLLM, SGLang).',
    example: '{ enable_thinking = false }',
  }),
  provider_extra: field(jsonObject, {
    description: 'JSON merged into the top level of the request body.',
    example: '{ top_k = 40 }',
  }),
  replay_assistant_reasoning: field(z.boolean(), {
    description: "Send the model's earlier reasoning back to it.",
    defaultText: 'the slot decides',
  }),
  pricing: field(
    z.record(
      z.string().min(1),
      z.union([
        price,
        z.strictObject({ input: price.optional(), output: price.optional(), cached_input: price.optional() }),
      ]),
    ),
    {
      description: 'USD per million tokens: `<model>`, `<model>.input`, `<model>.output`, `<model>.cached_input`.',
      example: '{ "opus.input" = 15.0, "opus.output" = 75.0 }',
    },
  ),
  live_pricing: field(z.boolean(), { description: 'Read prices from the vendor where it lists them.' }),
};

/** Fields that only some slots have. */
const family = {
  resource: field(z.string().min(1), { description: 'Azure OpenAI resource name.' }),
  deployment: field(z.string().min(1), { description: 'Azure OpenAI deployment name.' }),
  api_version: field(z.string().min(1), { description: 'API version of the endpoint (Azure).' }),
  region: field(z.string().min(1), { description: 'Cloud region (Bedrock, Vertex).' }),
  project: field(z.string().min(1), { description: 'Cloud project (Vertex).' }),
  account_id: field(z.string().min(1), { description: 'Account of the gateway (Cloudflare).' }),
  gateway: field(z.string().min(1), { description: 'Name of the gateway (Cloudflare).' }),
  auth_mode: field(z.enum(['api_key', 'oauth']), {
    description: 'How to sign in.',
    defaultText: 'api_key',
    spellings: { o_auth: 'oauth', key: 'api_key', apikey: 'api_key', device_code: 'oauth' },
  }),
  auth_profile: field(z.string().min(1), {
    description: 'Name of the stored login to use.',
    defaultText: 'the active one',
  }),
  profile: field(z.string().min(1), { description: 'The same as `auth_profile`.' }),
  oauth_client_id: field(z.string().min(1), { description: 'OAuth client id.' }),
  oauth_client_secret: field(secretText, { description: 'OAuth client secret.', secret: true }),
  oauth_refresh_token: field(secretText, { description: 'OAuth refresh token.', secret: true }),
  oauth_resource_url: field(z.string().min(1), { description: 'Resource URL that came with the OAuth login.' }),
  oauth_project: field(z.string().min(1), { description: 'Cloud project of the OAuth login (Gemini).' }),
  binary_path: field(z.string().min(1), { description: 'Program of a command-line slot.' }),
  working_directory: field(z.string().min(1), { description: 'Directory a command-line slot runs in.' }),
  env_passthrough: field(z.array(z.string()), { description: 'Variables a command-line slot may see.' }),
  extra_args: field(z.array(z.string()), { description: 'Extra arguments of a command-line slot.' }),
  max_acp_stdout_bytes: field(z.int().min(1), { description: 'Most output read from a command-line slot.' }),
};

export const providerSchema = z.strictObject({ ...identity, ...models, ...behaviour, ...family });

/** One `[providers.models.<type>.<alias>]`, names as in the file, secrets opaque. */
export type ProviderFields = z.output<typeof providerSchema>;

/** Fields that mean something only where a slot's row names them. */
export const FAMILY_FIELDS: readonly string[] = Object.keys(family);
