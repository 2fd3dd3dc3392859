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

export function nativeFailure(wire: WireId, name: ErrorName): NativeFailure | undefined {
  if (wire === 'gemini') return GOOGLE[name];
  return wire === 'ollama-chat' ? OLLAMA[name] : undefined;
}
