import type { ErrorPattern } from '../row.ts';

/** platform.claude.com/docs/en/api/errors, read 2026-11. */
export const ANTHROPIC_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'rate-limit',
    status: [429],
    message: /would exceed your (?:account|organization)['’]?s rate limit/i,
    example: "This request would exceed your account's rate limit. Please try again later.",
  },
  {
    kind: 'context-window',
    status: [400, 413],
    message: /prompt is too long/i,
    example: 'prompt is too long: 213462 tokens > 200000 maximum',
  },
];

/** platform.openai.com/docs/guides/error-codes, read 2026-11. */
export const OPENAI_ERRORS: readonly ErrorPattern[] = [
  // Its own wording for used-up money; at Google the same words stand for a busy minute.
  {
    kind: 'quota',
    status: [429],
    message: /exceeded your current quota/i,
    example: 'You exceeded your current quota, please check your plan and billing details.',
  },
  {
    kind: 'overloaded',
    status: [500, 503],
    code: 'slow_down',
    example: 'Slow Down. Please reduce your request rate and try again.',
  },
  {
    kind: 'invalid-request',
    code: 'string_above_max_length',
    example: "Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760.",
  },
  {
    kind: 'permission',
    status: [401],
    message: /ip (?:address )?(?:is )?not (?:authorized|allowed)/i,
    example: 'Your IP is not authorized to access this API.',
  },
];

/** docs.mistral.ai error codes and public issue reports, read 2026-11. */
export const MISTRAL_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'overloaded',
    status: [429, 503],
    message: /service tier capacity exceeded/i,
    example: 'Service tier capacity exceeded for this model.',
  },
  { kind: 'auth', status: [401], message: /unauthorized/i, example: 'Unauthorized' },
  { kind: 'model-not-found', status: [400], message: /invalid model:/i, example: 'Invalid model: mistral-huge' },
];

/** console.groq.com/docs/errors, read 2026-11. */
export const GROQ_ERRORS: readonly ErrorPattern[] = [
  // It can never fit into the minute's allowance: waiting does not help, another model does.
  {
    kind: 'request-too-large',
    status: [413],
    code: 'rate_limit_exceeded',
    example:
      'Request too large for model `llama-3.1-8b-instant` on tokens per minute (TPM): Limit 6000, Requested 7000',
  },
  { kind: 'overloaded', status: [498], example: 'Flex tier capacity exceeded' },
  {
    kind: 'server',
    code: 'tool_use_failed',
    message: /failed to call a function/i,
    example: "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.",
  },
];

/** docs.x.ai error codes, read 2026-11. */
export const XAI_ERRORS: readonly ErrorPattern[] = [
  {
    kind: 'content-policy',
    status: [403],
    message: /content violates usage guidelines|failed check: SAFETY_CHECK/i,
    example:
      'Content violates usage guidelines. Team: x, API key ID: y, Model: grok-4, Failed check: SAFETY_CHECK_TYPE_CSAM',
  },
  {
    kind: 'quota',
    status: [403, 429],
    message: /used all available credits|reached its monthly spending limit|doesn't have any credits/i,
    example: 'Your team has either used all available credits or reached its monthly spending limit.',
  },
];
