import type { CallerFailure } from './caller-errors.ts';

/**
 * The failure as Bedrock names it, for the header `x-amzn-errortype` that AWS clients go by. These clients know nothing
 * of `x-should-retry`: they ask again after 500, 502, 503 and 504 (@smithy/util-retry, read 2026-11). When every route
 * was walked already a vendor's failure is therefore told as the model's own (424), which they do not repeat.
 */
export function bedrockFailure(failure: CallerFailure): CallerFailure {
  const { error, headers } = failure;
  const retryAt = headers.indexOf('x-should-retry');
  const calledOff = retryAt >= 0 && headers[retryAt + 1] === 'false';
  const { status, name } = exceptionFor(error.status, error.kind, calledOff);
  return { ...failure, error: { ...error, status }, headers: [...headers, 'x-amzn-errortype', name] };
}

/** Exceptions of the runtime with their statuses (Bedrock API reference, "Converse: errors", read 2026-11). */
function exceptionFor(status: number, kind: string, calledOff: boolean): { status: number; name: string } {
  if (status === 401) return { status: 403, name: 'UnrecognizedClientException' };
  if (status === 403) return { status, name: 'AccessDeniedException' };
  if (status === 404) return { status, name: 'ResourceNotFoundException' };
  if (kind === 'quota') return { status: 400, name: 'ServiceQuotaExceededException' };
  if (status === 429) return { status, name: 'ThrottlingException' };
  if (status < 500) return { status, name: 'ValidationException' };
  if (status === 504) return { status: 408, name: 'ModelTimeoutException' };
  if (calledOff && status !== 500) return { status: 424, name: 'ModelErrorException' };
  return status === 503
    ? { status, name: 'ServiceUnavailableException' }
    : { status: 500, name: 'InternalServerException' };
}
