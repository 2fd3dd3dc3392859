import { describe, expect, it } from 'vitest';
import { createEndpoint } from '../../src/vendors/endpoint.ts';
import { vendorById } from '../../src/vendors/lookup.ts';
import { client, exceptionFrame } from './support.ts';

const row = vendorById('bedrock');
if (row === undefined) throw new Error('no bedrock row');
const endpoint = createEndpoint({ entry: 'bedrock.main', row, wire: client });

/** As the service answers: the exception's name in a header, a sentence in the body. */
function classified(status: number, exception: string | undefined, message: string) {
  const headers: Record<string, string> =
    exception === undefined ? {} : { 'x-amzn-errortype': `${exception}:http://internal.amazon.com/coral/` };
  return endpoint.classify(client.readError(status, JSON.stringify({ message })), headers);
}

describe('a refusal of Bedrock', () => {
  it.each([
    [400, 'ValidationException', 'Input is too long for requested model.', 'context-window'],
    [
      400,
      'ValidationException',
      'Invocation of model ID x with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an inference profile that contains this model.',
      'model-not-found',
    ],
    [
      400,
      'ValidationException',
      "Invocation of model ID x with on-demand throughput isn't supported.",
      'model-not-found',
    ],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'model-not-found'],
    [
      400,
      'ValidationException',
      'The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text field, and try again.',
      'invalid-request',
    ],
    [
      400,
      'ValidationException',
      'The toolConfig field must be defined when using toolUse and toolResult content blocks.',
      'invalid-request',
    ],
    [400, 'ServiceQuotaExceededException', 'Your request exceeds the service quota for your account.', 'quota'],
    [402, 'ServiceQuotaExceededException', 'Your request exceeds the service quota for your account.', 'quota'],
    [403, 'AccessDeniedException', "You don't have access to the model with the specified model ID.", 'permission'],
    [403, 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'auth'],
    [
      403,
      'InvalidSignatureException',
      'Signature expired: 20261120T120000Z is now earlier than 20261120T121000Z',
      'auth',
    ],
    [
      403,
      'InvalidSignatureException',
      'The request signature we calculated does not match the signature you provided.',
      'auth',
    ],
    [403, 'ExpiredTokenException', 'The security token included in the request is expired', 'auth'],
    [403, 'MissingAuthenticationTokenException', 'Missing Authentication Token', 'auth'],
    [
      404,
      'ResourceNotFoundException',
      'Could not resolve the foundation model from the provided model identifier.',
      'model-not-found',
    ],
    [408, 'ModelTimeoutException', 'Model has timed out in processing the request. Try your request again.', 'server'],
    [424, 'ModelErrorException', 'The model returned the following errors: an internal failure.', 'server'],
    [429, 'ThrottlingException', 'Too many requests, please wait before trying again.', 'rate-limit'],
    [429, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'rate-limit'],
    [400, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'rate-limit'],
    [429, 'ThrottlingException', 'Too many tokens per day, please wait before trying again.', 'quota'],
    [429, 'ModelNotReadyException', 'Model is not ready for inference. Please wait and try again.', 'overloaded'],
    [500, 'InternalServerException', 'The system encountered an unexpected error during processing.', 'server'],
    [503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.', 'overloaded'],
    [413, undefined, 'Request is too large', 'request-too-large'],
  ] as const)('%i %s "%s" is %s', (status, exception, message, kind) => {
    expect(classified(status, exception, message)).toMatchObject({ kind, provider: 'bedrock.main', status });
  });

  it('without its header is known by the body alone', () => {
    const body = '{"__type":"com.amazon.coral.service#ThrottlingException","Message":"Rate exceeded"}';
    expect(endpoint.classify(client.readError(400, body), {})).toMatchObject({ kind: 'rate-limit' });
  });

  it.each([
    ['throttlingException', 'Too many tokens, please wait before trying again.', 'rate-limit'],
    ['validationException', 'Input is too long for requested model.', 'context-window'],
    ['modelStreamErrorException', 'The model stopped.', 'server'],
    ['serviceUnavailableException', 'Busy.', 'overloaded'],
    ['internalServerException', 'Oops.', 'server'],
  ])('inside a stream, as %s "%s", is %s', (name, message, kind) => {
    const decoder = client.createDecoder({ model: 'm', issuer: 'i', defaults: {}, quirks: endpoint.quirksFor('m') });
    let thrown: Record<string, unknown> = {};
    try {
      decoder.push(exceptionFrame(name, { message }));
    } catch (error) {
      thrown = error as Record<string, unknown>;
    }
    const {
      status,
      code,
      vendorMessage,
      kind: own,
    } = thrown as { status: number; code: string; vendorMessage: string; kind: 'server' };
    const error = { status, code, message: vendorMessage, kind: own };
    expect(endpoint.classify(error, {})).toMatchObject({ kind });
  });
});
