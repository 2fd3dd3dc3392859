import type { RawFinding } from '@standin/core/route/raw-types';
import { isJsonObject, type Usage } from '@standin/core/spec/index';
import type { Exchange } from '../exchange.ts';
import { usageIn } from './usage-tap.ts';

/** What the body is, and what is wanted back; `extra_headers` of the entry bring whatever else a vendor wants. */
export function contentHeaders({ req }: Exchange): Record<string, string> {
  const { accept, 'content-type': type, 'openai-beta': beta } = req.headers;
  return {
    'content-type': type ?? 'application/json',
    ...(accept === undefined ? {} : { accept }),
    ...(typeof beta === 'string' ? { 'openai-beta': beta } : {}),
  };
}

/** Reads a JSON answer; one that is none, or holds an error in place of an answer, was no answer. */
export function usageOfDocument(body: Buffer): RawFinding {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    const message = body.byteLength === 0 ? 'The answer is empty.' : 'The answer is not valid JSON.';
    return { failure: { kind: body.byteLength === 0 ? 'empty' : 'protocol', message } };
  }
  if (isJsonObject(answer) && isJsonObject(answer.error) && answer.data === undefined)
    return { failure: { kind: 'server', message: 'The vendor answered with an error inside a 200.' } };
  return { usage: usageIn(answer) };
}

/** A vector is not paid by the token: the output is known to be none. */
export function withoutOutput(usage: Usage | undefined): Usage | undefined {
  return usage === undefined ? undefined : { ...usage, outputTokens: usage.outputTokens ?? 0 };
}
