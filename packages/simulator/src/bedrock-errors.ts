import type { ErrorName } from './behaviour.ts';

interface BedrockFailure {
  readonly status: number;
  /** Name of the exception. */
  readonly type: string;
  readonly message: string;
}

const validation = (message: string): BedrockFailure => ({ status: 400, type: 'ValidationException', message });
const unavailable: BedrockFailure = {
  status: 503,
  type: 'ServiceUnavailableException',
  message: 'Bedrock is unable to process your request.',
};
const internal: BedrockFailure = {
  status: 500,
  type: 'InternalServerException',
  message: 'The system encountered an unexpected error during processing. Try your request again.',
};

/** Bedrock API reference and "Troubleshooting Amazon Bedrock API error codes", read 2026-11. */
const FAILURES: Readonly<Partial<Record<ErrorName, BedrockFailure>>> = {
  invalid: validation('The model returned the following errors: messages: roles must alternate.'),
  context: validation('Input is too long for requested model.'),
  policy: validation('The request was blocked by content filtering policy.'),
  unsupported: validation('The model returned the following errors: `temperature` is deprecated for this model.'),
  prefill: validation(
    'The model returned the following errors: This model does not support assistant message prefill. The conversation must end with a user message.',
  ),
  auth: {
    status: 403,
    type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  },
  permission: {
    status: 403,
    type: 'AccessDeniedException',
    message: "You don't have access to the model with the specified model ID.",
  },
  model: validation('The provided model identifier is invalid.'),
  timeout: { status: 408, type: 'ModelTimeoutException', message: 'The request took too long to process.' },
  rate: { status: 429, type: 'ThrottlingException', message: 'Too many requests, please wait before trying again.' },
  quota: {
    status: 400,
    type: 'ServiceQuotaExceededException',
    message: 'Your request exceeds the service quota for your account.',
  },
  server: internal,
  unavailable,
  overloaded: unavailable,
};

export function bedrockFailure(name: ErrorName): BedrockFailure | undefined {
  return FAILURES[name];
}

/** Where the service names the exception. */
export function bedrockHeaders(type: string): Record<string, string> {
  return { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` };
}
