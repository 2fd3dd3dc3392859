import { describe, expect, it } from 'vitest';
import type { ErrorKind } from '../../src/spec/errors.ts';
import { ProviderError } from '../../src/spec/errors.ts';
import { createEndpoint } from '../../src/vendors/endpoint.ts';
import { vendorById } from '../../src/vendors/lookup.ts';
import type { CallerError } from '../../src/wires/wire.ts';
import { PAIRS, PARTIES, readerOf, received, targetOf, type Party } from './pairs.ts';

/** Failures as vendors tell them, in words that name the cause where a code does not. */
const FAILURES: readonly (CallerError & { readonly kind: ErrorKind })[] = [
  { kind: 'auth', status: 401, code: 'invalid_api_key', message: 'Incorrect API key provided.' },
  { kind: 'permission', status: 403, code: 'permission_denied', message: 'You do not have access to this resource.' },
  { kind: 'model-not-found', status: 404, code: 'model_not_found', message: 'The model `nope` does not exist.' },
  { kind: 'rate-limit', status: 429, code: 'rate_limit_exceeded', message: 'Rate limit reached for requests.' },
  { kind: 'request-too-large', status: 413, code: 'request_too_large', message: 'The request is too large.' },
  {
    kind: 'context-window',
    status: 400,
    code: 'context_length_exceeded',
    message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
  },
  { kind: 'invalid-request', status: 400, code: 'invalid_request', message: 'messages.0.role: must be a known role.' },
  { kind: 'overloaded', status: 503, code: 'overloaded', message: 'The service is overloaded. Try again later.' },
  { kind: 'server', status: 500, code: 'internal_error', message: 'Something failed inside.' },
];

function classify({ client, slot }: Party, status: number, body: string) {
  const row = vendorById(slot) ?? expect.fail(slot);
  const region = slot === 'bedrock' ? { fields: { region: 'us-east-1' } } : {};
  const endpoint = createEndpoint({ entry: `${slot}.main`, row, wire: client, ...region });
  return endpoint.classify(client.readError(status, body), {});
}

describe.each(PARTIES.map((one) => [one.wire, one] as const))('an error of %s', (_wire, vendor) => {
  it.each(FAILURES.map((error) => [error.kind, error] as const))('%s is read as what it is', (kind, error) => {
    const details = classify(vendor, error.status, JSON.stringify(vendor.server.encodeError(error)));
    expect(details.kind).toBe(kind);
    expect(details.vendorMessage ?? details.message).toContain(error.message);
    expect(details.status).toBe(error.status);
  });
});

describe.each(PAIRS)('a failure over %s', (_pair, caller, vendor) => {
  it.each(FAILURES.map((error) => [error.kind, error] as const))(
    '%s reaches the caller in its own words',
    (_kind, error) => {
      const { kind, message } = classify(vendor, error.status, JSON.stringify(vendor.server.encodeError(error)));
      const shown = JSON.stringify(caller.server.encodeError({ ...error, kind, message }));
      const read = caller.client.readError(error.status, shown);
      expect(read.message).toContain(error.message);
      expect(read.status).toBe(error.status);
      expect(read.message).not.toContain('undefined');
    },
  );

  it('a failure in mid-stream is a failure to the caller too, never an end', () => {
    const target = targetOf(vendor, false);
    const asked = received(caller, { messages: [{ role: 'user', content: 'Hi.' }] }, 'stream');
    const error: CallerError = { kind: 'server', status: 500, code: 'internal_error', message: 'It broke inside.' };
    const begin = [
      { type: 'response-start', id: 'r', model: 'm' },
      { type: 'text-start', index: 0 },
      { type: 'text-delta', index: 0, text: 'So far' },
    ] as const;
    const context = { id: 'r', createdAt: 1, model: 'm' };

    const atVendor = vendor.server.createEncoder(context, { ...asked, includeUsage: true });
    const written = Buffer.concat(
      [...begin.map((event) => atVendor.encode(event)), atVendor.error(error)].map((one) => Buffer.from(one)),
    );
    const ours = thrown(() => {
      const decoder = vendor.client.createDecoder(target);
      decoder.push(written);
      decoder.end();
    });
    expect(ProviderError.is(ours) && (ours.vendorMessage ?? ours.message)).toContain('It broke inside.');

    const atCaller = caller.server.createEncoder(context, { ...asked, includeUsage: true });
    const shown = Buffer.concat(
      [...begin.map((event) => atCaller.encode(event)), atCaller.error(error)].map((one) => Buffer.from(one)),
    );
    const theirs = thrown(() => {
      const decoder = caller.client.createDecoder(readerOf(caller));
      decoder.push(shown);
      decoder.end();
    });
    expect(ProviderError.is(theirs) && (theirs.vendorMessage ?? theirs.message)).toContain('It broke inside.');
  });

  it('an answer cut off is no success', () => {
    const asked = received(caller, { messages: [{ role: 'user', content: 'Hi.' }] }, 'stream');
    const encoder = vendor.server.createEncoder(
      { id: 'r', createdAt: 1, model: 'm' },
      { ...asked, includeUsage: true },
    );
    const decoder = vendor.client.createDecoder(targetOf(vendor, false));
    for (const event of [
      { type: 'response-start', id: 'r', model: 'm' },
      { type: 'text-start', index: 0 },
      { type: 'text-delta', index: 0, text: 'So far' },
    ] as const)
      decoder.push(Buffer.from(encoder.encode(event)));
    const error = thrown(() => decoder.end());
    expect(ProviderError.is(error) && error.kind).toBe('truncated');
  });
});

function thrown(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
