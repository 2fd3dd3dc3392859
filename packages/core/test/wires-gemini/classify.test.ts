import { describe, expect, it } from 'vitest';
import { createEndpoint } from '../../src/vendors/endpoint.ts';
import { vendorById } from '../../src/vendors/lookup.ts';
import { client } from './support.ts';

const row = vendorById('gemini') ?? expect.fail('no row');
const endpoint = createEndpoint({ entry: 'gemini.test', row, wire: client });

/** The whole way: the vendor's answer, as this wire reads it, as the vendor's row understands it. */
function kindOf(status: number, error: object) {
  return endpoint.classify(client.readError(status, JSON.stringify({ error })), {});
}

const google = (status: string, message: string, ...details: object[]) => ({ status, message, details });
const quota = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId }],
});
const busy = 'You exceeded your current quota, please check your plan and billing details.';

describe('errors of the Gemini API', () => {
  it.each([
    [
      400,
      google('INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', { reason: 'API_KEY_INVALID' }),
      'auth',
    ],
    [
      400,
      google(
        'INVALID_ARGUMENT',
        'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
      ),
      'context-window',
    ],
    [
      404,
      google('NOT_FOUND', 'models/x is not found for API version v1beta, or is not supported for generateContent.'),
      'model-not-found',
    ],
    [429, google('RESOURCE_EXHAUSTED', busy, quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier')), 'quota'],
    [429, google('RESOURCE_EXHAUSTED', busy, quota('GenerateRequestsPerMinutePerProjectPerModel')), 'rate-limit'],
    [503, google('UNAVAILABLE', 'The model is overloaded. Please try again later.'), 'overloaded'],
    [400, google('INVALID_ARGUMENT', 'Please use a valid role: user, model.'), 'invalid-request'],
  ])('%i %j is understood', (status, error, kind) => {
    expect(kindOf(status, { code: status, ...error }).kind).toBe(kind);
  });

  it.each([
    'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly.',
    'Thought signature is not valid.',
  ])('"%s" asks for the request once more without signatures', (message) => {
    expect(kindOf(400, google('INVALID_ARGUMENT', message))).toMatchObject({
      kind: 'unsupported',
      parameter: 'reasoning_replay',
    });
  });
});

describe('addresses of the Gemini API', () => {
  it.each([
    [undefined, 'https://generativelanguage.googleapis.com/v1beta/models/m:streamGenerateContent?alt=sse'],
    ['https://proxy.test', 'https://proxy.test/v1beta/models/m:streamGenerateContent?alt=sse'],
    ['https://proxy.test/v1beta?key=k', 'https://proxy.test/v1beta/models/m:streamGenerateContent?key=k&alt=sse'],
    [
      'https://proxy.test/x/v1/models/m:generateContent',
      'https://proxy.test/x/v1/models/m:streamGenerateContent?alt=sse',
    ],
  ])('from %s', (uri, expected) => {
    const at = createEndpoint({ entry: 'gemini.test', row, wire: client, ...(uri && { uri }) });
    expect(at.urlFor('/models/m:streamGenerateContent?alt=sse')).toBe(expected);
  });
});
