import type { JsonObject, WireId } from '@standin/core/spec/index';
import { bedrockFailure, bedrockHeaders } from './bedrock-errors.ts';
import { nativeFailure } from './native-errors.ts';
import type { Behaviour, ErrorName, SimulatedError, WaitHints } from './behaviour.ts';

interface Wording {
  readonly message: string;
  readonly type: string;
  readonly code?: string;
  readonly param?: string;
}
interface VendorFailure {
  readonly status: number;
  readonly openai: Wording;
  /** Its own status where that differs. */
  readonly anthropic: Pick<Wording, 'message' | 'type'> & { readonly status?: number };
}

const invalid = 'invalid_request_error';

/** Statuses, types and wordings as the OpenAI and Anthropic API references and SDKs document them, read 2026-11. */
const FAILURES: Readonly<Record<ErrorName, VendorFailure>> = {
  invalid: {
    status: 400,
    openai: {
      type: invalid,
      message: "Invalid value: 'banana'. Supported values are: 'system', 'user' and 'assistant'.",
      param: 'messages[0].role',
      code: 'invalid_value',
    },
    anthropic: { type: invalid, message: 'messages.0.role: Input should be "user" or "assistant"' },
  },
  context: {
    status: 400,
    openai: {
      type: invalid,
      message:
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 20011 tokens. Please reduce the length of the messages.",
      param: 'messages',
      code: 'context_length_exceeded',
    },
    anthropic: { type: invalid, message: 'prompt is too long: 213462 tokens > 200000 maximum' },
  },
  policy: {
    status: 400,
    openai: {
      type: invalid,
      message: 'Your request was rejected as a result of our safety system.',
      code: 'content_policy_violation',
    },
    anthropic: { type: invalid, message: 'Output blocked by content filtering policy' },
  },
  unsupported: {
    status: 400,
    openai: {
      type: invalid,
      message: "Unsupported parameter: 'temperature' is not supported with this model.",
      param: 'temperature',
      code: 'unsupported_parameter',
    },
    anthropic: { type: invalid, message: '`temperature` is deprecated for this model.' },
  },
  prefill: {
    status: 400,
    openai: {
      type: invalid,
      message:
        'The last message must not be an assistant message: this model does not support assistant message prefill.',
      param: 'messages',
    },
    anthropic: {
      type: invalid,
      message: 'This model does not support assistant message prefill. The conversation must end with a user message.',
    },
  },
  auth: {
    status: 401,
    openai: { type: invalid, message: 'Incorrect API key provided.', code: 'invalid_api_key' },
    anthropic: { type: 'authentication_error', message: 'invalid x-api-key' },
  },
  billing: {
    status: 402,
    openai: { type: 'insufficient_quota', message: 'Insufficient balance.', code: 'insufficient_balance' },
    anthropic: { type: 'billing_error', message: 'Your credit balance is too low to access the Anthropic API.' },
  },
  permission: {
    status: 403,
    openai: {
      type: 'request_forbidden',
      message: 'Country, region, or territory not supported',
      code: 'unsupported_country_region_territory',
    },
    anthropic: {
      type: 'permission_error',
      message: 'Your API key does not have permission to use the specified resource.',
    },
  },
  model: {
    status: 404,
    openai: {
      type: invalid,
      message: 'The model does not exist or you do not have access to it.',
      param: 'model',
      code: 'model_not_found',
    },
    anthropic: { type: 'not_found_error', message: 'model not found' },
  },
  timeout: {
    status: 408,
    openai: { type: 'timeout', message: 'Request timed out.' },
    anthropic: { type: 'timeout_error', message: 'Request timed out' },
  },
  conflict: {
    status: 409,
    openai: { type: 'conflict', message: 'The resource is locked by another request.' },
    anthropic: { type: 'conflict_error', message: 'Conflict' },
  },
  'too-large': {
    status: 413,
    openai: { type: invalid, message: 'Request entity too large.', code: 'request_too_large' },
    anthropic: { type: 'request_too_large', message: 'Request exceeds the maximum size' },
  },
  'too-early': {
    status: 425,
    openai: { type: 'server_error', message: 'Too early, try again.' },
    anthropic: { type: 'api_error', message: 'Too early' },
  },
  rate: {
    status: 429,
    openai: { type: 'requests', message: 'Rate limit reached for requests.', code: 'rate_limit_exceeded' },
    anthropic: {
      type: 'rate_limit_error',
      message: "This request would exceed your account's rate limit. Please try again later.",
    },
  },
  quota: {
    status: 429,
    openai: {
      type: 'insufficient_quota',
      message: 'You exceeded your current quota, please check your plan and billing details.',
      code: 'insufficient_quota',
    },
    anthropic: {
      status: 400,
      type: invalid,
      message:
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
    },
  },
  server: {
    status: 500,
    openai: {
      type: 'server_error',
      message: 'The server had an error while processing your request. Sorry about that!',
    },
    anthropic: { type: 'api_error', message: 'Internal server error' },
  },
  'bad-gateway': {
    status: 502,
    openai: { type: 'server_error', message: 'Bad gateway.' },
    anthropic: { type: 'api_error', message: 'Bad gateway' },
  },
  unavailable: {
    status: 503,
    openai: {
      type: 'server_error',
      message: 'The engine is currently overloaded, please try again later.',
      code: 'server_is_overloaded',
    },
    anthropic: { type: 'overloaded_error', message: 'Overloaded' },
  },
  'gateway-timeout': {
    status: 504,
    openai: { type: 'server_error', message: 'Gateway timeout.' },
    anthropic: { type: 'timeout_error', message: 'Request timed out' },
  },
  overloaded: {
    status: 529,
    openai: { type: 'server_error', message: 'The model is overloaded.', code: 'overloaded' },
    anthropic: { type: 'overloaded_error', message: 'Overloaded' },
  },
};

export function usualStatus(name: ErrorName): number {
  return FAILURES[name].status;
}

const USUAL: Readonly<Record<number, ErrorName>> = Object.fromEntries(
  // Backwards, so that the first name of a status stands for it.
  Object.entries(FAILURES)
    .toReversed()
    .map(([name, failure]) => [failure.status, name]),
) as Record<number, ErrorName>;

const BAD_GATEWAY_PAGE =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The object of the wire's error shape, for an error inside a stream. */
  readonly shape: JsonObject;
}

export interface ErrorPlace {
  readonly wire: WireId;
  readonly requestId: string;
  /** The present time, for hints that are dates. */
  readonly wallMs: number;
}

/** The error answer of one wire. */
export function errorAnswer(error: NonNullable<Behaviour['error']>, place: ErrorPlace): ErrorAnswer {
  const { wire, wallMs } = place;
  const wanted: SimulatedError =
    typeof error === 'string' ? { name: error } : typeof error === 'number' ? { status: error } : error;
  const name = wanted.name ?? USUAL[wanted.status ?? 500] ?? ((wanted.status ?? 500) < 500 ? 'invalid' : 'server');
  const failure = FAILURES[name];
  const bedrock = wire === 'bedrock-converse' ? bedrockFailure(name) : undefined;
  const native = nativeFailure(wire, name);
  const usual = wire === 'anthropic-messages' ? failure.anthropic.status : (bedrock?.status ?? native?.status);
  const status = wanted.status ?? usual ?? failure.status;
  const wording: Wording = { ...(wire === 'anthropic-messages' ? failure.anthropic : (bedrock ?? failure.openai)) };
  const hint = wanted.hints?.text === undefined ? '' : ` Please try again in ${wanted.hints.text}.`;
  const message = (wanted.message ?? native?.message ?? wording.message) + hint;
  const full: Wording = {
    message,
    type: wanted.type ?? wording.type,
    code: wanted.code ?? wording.code,
    param: wanted.param ?? wording.param,
  };
  const details: JsonObject[] = wanted.message === undefined ? [...(native?.details ?? [])] : [];
  const retryDelay = wanted.hints?.retryInfo;
  if (retryDelay !== undefined) details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay });
  const shape = errorShape(place, full, status, details);
  // A gateway in front of the vendor answers, not the vendor: nobody gets JSON from it.
  const page = wanted.body ?? (status === 502 && wanted.message === undefined ? BAD_GATEWAY_PAGE : undefined);
  const body = page === undefined ? JSON.stringify(shape) : typeof page === 'string' ? page : JSON.stringify(page);
  const contentType = wanted.contentType ?? (body.startsWith('<') ? 'text/html' : 'application/json');
  const headers = {
    'content-type': contentType,
    ...hintHeaders(wanted.hints, wallMs),
    ...shouldRetry(wanted),
    ...(bedrock === undefined ? {} : bedrockHeaders(full.type)),
    ...wanted.headers,
  };
  return { status, headers, body, shape };
}

function shouldRetry(wanted: SimulatedError): Record<string, string> {
  return wanted.shouldRetry === undefined ? {} : { 'x-should-retry': String(wanted.shouldRetry) };
}

function hintHeaders(hints: WaitHints | undefined, wallMs: number): Record<string, string> {
  const headers: Record<string, string> = {};
  if (hints?.retryAfter !== undefined) headers['retry-after'] = String(hints.retryAfter);
  if (hints?.retryAfterDate !== undefined) {
    headers['retry-after'] = new Date(wallMs + hints.retryAfterDate * 1000).toUTCString();
  }
  if (hints?.retryAfterMs !== undefined) headers['retry-after-ms'] = String(hints.retryAfterMs);
  if (hints?.rateLimitReset !== undefined) {
    for (const dimension of ['requests', 'tokens']) {
      headers[`x-ratelimit-limit-${dimension}`] = '100';
      headers[`x-ratelimit-remaining-${dimension}`] = '0';
      headers[`x-ratelimit-reset-${dimension}`] = hints.rateLimitReset;
    }
  }
  if (hints?.anthropicReset !== undefined) {
    headers['anthropic-ratelimit-requests-limit'] = '100';
    headers['anthropic-ratelimit-requests-remaining'] = '0';
    headers['anthropic-ratelimit-requests-reset'] = new Date(wallMs + hints.anthropicReset * 1000).toISOString();
  }
  return headers;
}

const GOOGLE_STATUS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function errorShape(
  { wire, requestId }: ErrorPlace,
  wording: Wording,
  status: number,
  given: readonly JsonObject[],
): JsonObject {
  const { message, type, code, param } = wording;
  const details: JsonObject = given.length === 0 ? {} : { details: [...given] };
  switch (wire) {
    case 'anthropic-messages':
      return { type: 'error', error: { type, message, ...details }, request_id: requestId };
    case 'gemini':
    case 'gemini-interactions':
      return { error: { code: status, message, status: GOOGLE_STATUS[status] ?? 'INTERNAL', ...details } };
    case 'bedrock-converse':
      return { message };
    case 'cohere-chat':
      return { id: requestId, message };
    case 'ollama-chat':
      return { error: message };
    case 'openai-chat':
    case 'openai-responses':
      return { error: { message, type, param: param ?? null, code: code ?? null, ...details } };
    default:
      return wire satisfies never;
  }
}
