import type { ErrorKind, ProviderError } from '../../spec/errors.ts';
import { isJsonObject } from '../../spec/json.ts';
import { inBandError } from '../openai-errors.ts';
import type { CallerError } from '../wire.ts';

export { readError } from '../openai-errors.ts';

/** Codes of `response.error` and of the `error` event (OpenAI Responses reference and Codex CLI, read 2026-11). */
const CODE_KINDS: readonly (readonly [RegExp, ErrorKind])[] = [
  [/^(usage_not_included|usage_limit_reached|insufficient_quota)$/, 'quota'],
  [/^server_is_overloaded$/, 'overloaded'],
  [
    /^(invalid_prompt|cyber_policy|bio_policy|content_policy_violation|image_content_policy_violation)$/,
    'content-policy',
  ],
  [/^data_residency_mismatch$/, 'permission'],
  [/^vector_store_timeout$/, 'server'],
  [/^(invalid_|unsupported_)?(base64_)?image|^failed_to_download_image$|^empty_image_file$/, 'invalid-request'],
  [/^(invalid_encrypted_content|invalid_request_error|invalid_request|bad_request)$/, 'invalid-request'],
];

/** The in-band failure of an answer, from an `error` event in either form or from `response.error`. */
export function failureIn(value: unknown): ProviderError {
  const inner = isJsonObject(value) && isJsonObject(value['error']) ? value['error'] : value;
  // The event's own `type: "error"` is no type of error.
  const plain = isJsonObject(inner) && inner['type'] === 'error' ? { ...inner, type: null } : inner;
  const error = inBandError(isJsonObject(plain) ? { error: plain } : plain);
  const code = error.code?.toLowerCase() ?? '';
  const kind = CODE_KINDS.find(([pattern]) => pattern.test(code))?.[1];
  return kind === undefined ? error : error.with({ kind });
}

/** Codes that Codex CLI and the SDKs act on; everything else keeps its own. */
const KIND_CODES: Readonly<Partial<Record<CallerError['kind'], string>>> = {
  'rate-limit': 'rate_limit_exceeded',
  'context-window': 'context_length_exceeded',
  quota: 'insufficient_quota',
  overloaded: 'server_is_overloaded',
  'content-policy': 'invalid_prompt',
};

export function failureCode(error: CallerError): string {
  return KIND_CODES[error.kind] ?? (error.status >= 500 ? 'server_error' : error.code);
}
