import type { ErrorPattern } from '../row.ts';

/** docs.fireworks.ai error codes, read 2026-11. */
export const FIREWORKS_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'context-window',
    message: /the prompt is too long/i,
    example: 'The prompt is too long: 140000, model maximum context length: 131071',
  },
  {
    kind: 'quota',
    status: [412],
    message: /suspended|spending limit/i,
    example:
      'Account is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.',
  },
];

/** inference-docs.cerebras.ai and public issue reports, read 2026-11. Overflow comes with an empty body. */
export const CEREBRAS_ERRORS: readonly ErrorPattern[] = [
  { kind: 'context-window', status: [400, 413], message: /^$/, example: '' },
  {
    kind: 'context-window',
    message: /current length is \d+ while limit is/i,
    example: 'Please reduce the length of the messages or completion. Current length is 70000 while limit is 65536',
  },
  {
    kind: 'overloaded',
    status: [429],
    code: 'queue_exceeded',
    example: "We're experiencing high traffic right now! Please try again soon.",
  },
  {
    kind: 'quota',
    code: 'token_quota_exceeded',
    message: /per day|daily/i,
    example: 'Tokens per day limit exceeded - too many tokens processed.',
  },
  {
    kind: 'rate-limit',
    code: 'token_quota_exceeded',
    example: 'Tokens per minute limit exceeded - too many tokens processed.',
  },
  {
    kind: 'rate-limit',
    code: 'request_quota_exceeded',
    example: 'Requests per second limit exceeded - too many requests sent.',
  },
];

/** docs.cohere.com/reference/errors, read 2026-11. */
export const COHERE_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'quota',
    status: [429],
    message: /trial key.{0,80}(?:\/ ?month|per month|monthly)|monthly.{0,60}limit/i,
    example: 'You are using a Trial key, which is limited to 1000 API calls / month.',
  },
  {
    kind: 'context-window',
    status: [400, 422],
    message: /too many tokens/i,
    example: 'too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 140000',
  },
  { kind: 'content-policy', status: [498], example: 'Blocked input or output' },
];

/** docs.perplexity.ai and public issue reports, read 2026-11. */
export const PERPLEXITY_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'quota',
    status: [401],
    message: /exceeded (?:your|the) (?:current )?(?:quota|credit|usage)|insufficient (?:credit|balance|quota)/i,
    example: 'You exceeded your current quota, please check your plan and billing details.',
  },
  {
    kind: 'model-not-found',
    status: [400],
    message: /invalid model/i,
    example: "Invalid model 'sonar-huge'. Permitted models can be found in the documentation.",
  },
];

/** openrouter.ai/docs/api-reference/errors, read 2026-11. */
export const OPENROUTER_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'quota',
    status: [403],
    message: /key limit exceeded|limit exceeded for this key/i,
    example: 'Key limit exceeded (total limit). Manage it using your key settings.',
  },
  {
    kind: 'auth',
    status: [401],
    message: /user not found|no auth credentials|no cookie auth/i,
    example: 'No auth credentials found',
  },
  {
    kind: 'unsupported',
    status: [404],
    message: /no endpoints found that support/i,
    example: 'No endpoints found that support tool use. Try disabling "bash".',
  },
  {
    kind: 'model-not-found',
    status: [404],
    message: /no (?:allowed )?(?:endpoints|providers)/i,
    example: 'No endpoints found matching your data policy.',
  },
  {
    kind: 'content-policy',
    status: [403],
    message: /moderation|flagged|guardrail/i,
    example: 'Your chosen model requires moderation and your input was flagged',
  },
];

/** developers.cloudflare.com/workers-ai/platform/errors, read 2026-11. */
export const CLOUDFLARE_ERRORS: readonly ErrorPattern[] = [
  { kind: 'overloaded', code: '3040', example: 'Capacity temporarily exceeded, please try again.' },
  { kind: 'quota', code: '3036', example: 'You have used up your daily free allocation of 10,000 neurons' },
  { kind: 'auth', code: '10000', example: 'Authentication error' },
  {
    kind: 'config',
    code: '7003',
    example: 'Could not route to /accounts/x/ai/v1/chat/completions, perhaps your object identifier is invalid?',
  },
  { kind: 'model-not-found', code: '5007', example: 'No such model @cf/meta/nope or task' },
  { kind: 'config', code: '2001', example: 'Please configure AI Gateway in the Cloudflare dashboard' },
  { kind: 'auth', code: '2009', example: 'Unauthorized' },
];

/** github.com/ollama/ollama server routes, read 2026-11. */
export const OLLAMA_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'quota',
    status: [402, 429],
    message: /reached your .{0,20}usage limit|upgrade for higher limits/i,
    example: 'you have reached your weekly usage limit, upgrade for higher limits',
  },
  {
    kind: 'model-not-found',
    status: [404],
    message: /try pulling it first|model .{1,120} not found/i,
    example: 'model "llama9" not found, try pulling it first',
  },
  {
    kind: 'overloaded',
    status: [503],
    message: /server busy|maximum pending requests/i,
    example: 'server busy, please try again. maximum pending requests exceeded',
  },
  {
    kind: 'server',
    message: /requires more system memory/i,
    example: 'model requires more system memory (12.0 GiB) than is available (8.0 GiB)',
  },
];

/** github.com/ggml-org/llama.cpp tools/server, read 2026-11. */
export const LLAMACPP_ERRORS: readonly ErrorPattern[] = [
  { kind: 'overloaded', message: /^loading model$/i, example: 'Loading model' },
  {
    kind: 'context-window',
    code: 'exceed_context_size_error',
    example: 'the request exceeds the available context size, try increasing it',
  },
  { kind: 'overloaded', status: [503], message: /no slot available/i, example: 'no slot available' },
];

/** LM Studio bug tracker, read 2026-11. */
export const LMSTUDIO_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'context-window',
    message: /greater than the context length|context overflow/i,
    example: 'The number of tokens to keep from the initial prompt is greater than the context length',
  },
  {
    kind: 'server',
    status: [400, 500],
    message: /^the model has crashed\b/i,
    example: 'The model has crashed without additional information. (Exit code: 6)',
  },
  {
    kind: 'model-not-found',
    message: /no models loaded|failed to load model|model not found/i,
    example: 'No models loaded. Please load a model in the developer page or use the `lms load` command.',
  },
  {
    kind: 'config',
    message: /unexpected endpoint or method/i,
    example: 'Unexpected endpoint or method. (POST /chat/completions)',
  },
];

/** docs.vllm.ai and public issue reports, read 2026-11. */
export const VLLM_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'model-not-found',
    status: [404],
    message: /the model .{1,200} does not exist/i,
    example: 'The model `nope` does not exist.',
  },
];

/** docs.sglang.ai and public issue reports, read 2026-11. */
export const SGLANG_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'context-window',
    message: /longer than the model's context length|requested token count exceeds/i,
    example: "The input (140000 tokens) is longer than the model's context length (131072 tokens).",
  },
  { kind: 'overloaded', status: [503], message: /queue is full/i, example: 'The request queue is full.' },
];

/** docs.litellm.ai/docs/exception_mapping, read 2026-11. The class name stands in the text, above the vendor's own status. */
export const LITELLM_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'context-window',
    message: /ContextWindowExceededError/,
    example: 'litellm.ContextWindowExceededError: litellm.BadRequestError: AnthropicException',
  },
  {
    kind: 'content-policy',
    message: /ContentPolicyViolationError/,
    example: 'litellm.ContentPolicyViolationError: AzureException',
  },
  {
    kind: 'quota',
    message: /ExceededBudget|budget has been exceeded/i,
    example: 'ExceededBudget: Budget has been exceeded! Current cost: 10.1, Max budget: 10.0',
  },
  {
    kind: 'unsupported',
    status: [400],
    message: /UnsupportedParamsError/,
    example: "litellm.UnsupportedParamsError: openai does not support parameters: ['top_k'], for model=gpt-5",
  },
  {
    kind: 'model-not-found',
    status: [400],
    message: /invalid model name passed/i,
    example: 'Invalid model name passed in model=nope. Call `/v1/models` to view available models for your key.',
  },
  {
    kind: 'overloaded',
    status: [429],
    message: /no deployments available for selected model/i,
    example: 'No deployments available for selected model, Try again in 60 seconds.',
  },
  {
    kind: 'auth',
    status: [400, 401],
    message: /invalid proxy server token|LiteLLM Virtual Key expected/i,
    example: 'Authentication Error, Invalid proxy server token passed.',
  },
];
