import type { ErrorPattern } from '../row.ts';

/** learn.microsoft.com Azure OpenAI, read 2026-11. */
export const AZURE_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'content-policy',
    code: 'content_filter',
    example: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
  },
  {
    kind: 'model-not-found',
    code: 'DeploymentNotFound',
    example: 'The API deployment for this resource does not exist.',
  },
  { kind: 'config', status: [404], message: /^resource not found$/i, example: 'Resource not found' },
  {
    kind: 'model-not-found',
    status: [400],
    code: 'OperationNotSupported',
    example: 'The chatCompletion operation does not work with the specified model',
  },
];

/** docs.aws.amazon.com Bedrock runtime troubleshooting, read 2026-11. */
export const BEDROCK_ERRORS: readonly ErrorPattern[] = [
  // An account that may not call the service yet (public reports, read 2026-11); AWS says nothing more.
  { kind: 'permission', status: [400], message: /^operation not allowed\b/i, example: 'Operation not allowed' },
  {
    kind: 'quota',
    status: [400, 429],
    message: /too many tokens per day/i,
    example: 'Too many tokens per day, please wait before trying again.',
  },
  {
    kind: 'rate-limit',
    status: [400, 429],
    message: /too many tokens, please wait/i,
    example: 'Too many tokens, please wait before trying again.',
  },
  {
    kind: 'model-not-found',
    status: [400],
    message: /model identifier is invalid|on-demand throughput isn.t supported/i,
    example: 'The provided model identifier is invalid.',
  },
  {
    kind: 'context-window',
    status: [400],
    message: /input is too long for requested model|too many input tokens/i,
    example: 'Input is too long for requested model.',
  },
  {
    kind: 'auth',
    status: [403],
    message:
      /security token included in the request is (?:invalid|expired)|signature expired|request signature we calculated does not match/i,
    example: 'The security token included in the request is invalid.',
  },
];

/** Public reports of Copilot clients, read 2026-11. */
export const COPILOT_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'auth',
    status: [401, 403],
    message: /token expired|unauthorized: token/i,
    example: 'IDE token expired: unauthorized: token expired',
  },
  {
    kind: 'context-window',
    message: /prompt token count of \d+ exceeds the limit/i,
    example: 'prompt token count of 130000 exceeds the limit of 128000',
  },
  {
    kind: 'model-not-found',
    status: [400],
    message: /model is not supported|requested model is not supported/i,
    example: 'The requested model is not supported.',
  },
];

/** github.com/openai/codex error handling, read 2026-11. */
export const CODEX_ERRORS: readonly ErrorPattern[] = [
  { kind: 'quota', code: 'usage_limit_reached', example: 'The usage limit has been reached' },
  { kind: 'permission', code: 'usage_not_included', example: 'Codex is not included in your plan' },
  {
    kind: 'unsupported',
    status: [400],
    message: /^unsupported parameter:/i,
    example: 'Unsupported parameter: max_output_tokens',
  },
];
