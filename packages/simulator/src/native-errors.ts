import type { JsonObject, WireId } from '@standin/core/spec/index';
import type { ErrorName } from './behaviour.ts';

/** How a vendor of its own protocol says it. */
export interface NativeFailure {
  readonly message: string;
  /** Where it differs from the usual one. */
  readonly status?: number;
  /** Google's `error.details`. */
  readonly details?: readonly JsonObject[];
}

type Failures = Readonly<Partial<Record<ErrorName, NativeFailure>>>;

const reason = (name: string): JsonObject => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason: name,
  domain: 'googleapis.com',
});
const quota = (quotaId: string): JsonObject => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests', quotaId }],
});
const EXCEEDED = 'You exceeded your current quota, please check your plan and billing details.';

/** ai.google.dev "Troubleshooting" and reports of its users, read 2026-11: a busy minute and a used-up day share their words. */
const GOOGLE: Failures = {
  invalid: { message: 'Please use a valid role: user, model.' },
  context: {
    message: 'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
  },
  auth: {
    status: 400,
    message: 'API key not valid. Please pass a valid API key.',
    details: [reason('API_KEY_INVALID')],
  },
  model: {
    message:
      'models/simulated is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models.',
  },
  quota: { message: EXCEEDED, details: [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier')] },
  overloaded: { status: 503, message: 'The model is overloaded. Please try again later.' },
};

/** github.com/ollama/ollama server/routes.go and the limits page of its cloud, read 2026-11. */
const OLLAMA: Failures = {
  context: { message: 'prompt too long; exceeded max context length by 12013 tokens' },
  auth: { message: 'unauthorized' },
  model: { message: "model 'simulated' not found" },
  quota: { message: 'you have reached your weekly usage limit, upgrade for higher limits: https://ollama.com/upgrade' },
  overloaded: { status: 503, message: 'server busy, please try again.  maximum pending requests exceeded' },
};

/** docs.cohere.com "Errors" and "Rate limits", read 2026-11. */
const COHERE: Failures = {
  invalid: { message: 'invalid request: all elements in messages must have a valid role.' },
  context: {
    message: 'too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 140000.',
  },
  auth: { message: 'invalid api token' },
  model: {
    message:
      "model 'simulated' not found, make sure the correct model ID was used and that you have access to the model.",
  },
  quota: {
    message:
      'You are using a Trial key, which is limited to 1000 API calls / month. You can continue to use the Trial key for free or upgrade to a Production key.',
  },
  rate: { message: 'You are past the per minute request limit, please wait and try again later.' },
};

export function nativeFailure(wire: WireId, name: ErrorName): NativeFailure | undefined {
  if (wire === 'gemini' || wire === 'gemini-interactions') return GOOGLE[name];
  if (wire === 'cohere-chat') return COHERE[name];
  return wire === 'ollama-chat' ? OLLAMA[name] : undefined;
}
