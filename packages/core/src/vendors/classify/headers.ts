type Headers = Readonly<Record<string, string>>;

const REQUEST_ID_HEADERS = [
  'x-request-id',
  'request-id',
  'x-amzn-requestid',
  'x-ms-request-id',
  'apim-request-id',
  'x-generation-id',
  'x-groq-id',
  'x-goog-request-id',
  'x-correlation-id',
  'cf-ray',
] as const;

/** The id to give to a vendor's support; header names are lower case. */
export function requestIdOf(headers: Headers): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const value = headers[name]?.trim();
    if (value !== undefined && value !== '') return value.slice(0, 200);
  }
  return undefined;
}

/** `x-should-retry` of OpenAI and Anthropic: their own word on whether the same call may help. */
export function shouldRetryOf(headers: Headers): boolean | undefined {
  const value = headers['x-should-retry']?.trim().toLowerCase();
  return value === 'true' ? true : value === 'false' ? false : undefined;
}
