import type { AttemptRecord } from '@standin/core/spec/errors';
import { ProviderError, RequestError } from '@standin/core/spec/index';
import type { JsonObject } from '@standin/core/spec/json';
import type { ChatResponse } from '@standin/core/spec/response';
import type { Usage } from '@standin/core/spec/usage';
import { anthropicMessagesServer } from '@standin/core/wires/anthropic-messages/index';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import { openaiResponsesServer } from '@standin/core/wires/openai-responses/index';
import type { WireServer } from '@standin/core/wires/wire';
import type { Tried } from './tried.ts';
import type { AnswerShape, BatchError, BatchItem, BatchResult } from './types.ts';

const NANO_PER_USD = 1e9;

const BODIES: Readonly<Record<Exclude<AnswerShape, 'text'>, { readonly server: WireServer; readonly prefix: string }>> =
  {
    'openai-chat': { server: openaiChatServer, prefix: 'chatcmpl-' },
    'openai-responses': { server: openaiResponsesServer, prefix: 'resp_' },
    'anthropic-messages': { server: anthropicMessagesServer, prefix: 'msg_' },
  };

/** What one call came to. */
export function triedOf(
  item: BatchItem,
  outcome: ChatResponse | Error,
  attempts: readonly AttemptRecord[],
): Omit<Tried, 'durationMs'> {
  const telling = attempts.findLast(({ outcome: one }) => one === 'ok') ?? attempts.at(-1);
  const isError = outcome instanceof Error;
  return {
    ...(isError ? { error: errorOf(outcome) } : answerOf(item, outcome, telling?.model)),
    model: telling?.model ?? (isError ? null : (outcome.model ?? null)),
    provider: telling?.provider ?? null,
    usage: usageOf(isError ? telling?.usage : (outcome.usage ?? telling?.usage)),
    attempts: attempts.reduce((sum, one) => sum + (one.attempts ?? 1), 0),
  };
}

/** The output line of one request: what its last try came to, with what all of them took. */
export function resultOf(item: BatchItem, tries: readonly Tried[], costNanoUsd: number | undefined): BatchResult {
  const last = tries.at(-1);
  const telling = tries.findLast(({ model }) => model !== null) ?? last;
  const { response, tool_calls: calls, error } = last ?? {};
  return {
    index: item.index,
    ...(item.id === undefined ? {} : { id: item.id }),
    ...(response === undefined ? {} : { response }),
    ...(calls === undefined ? {} : { tool_calls: calls }),
    ...(error === undefined ? {} : { error }),
    model: telling?.model ?? null,
    provider: telling?.provider ?? null,
    usage: telling?.usage ?? null,
    cost_usd: costNanoUsd === undefined ? null : costNanoUsd / NANO_PER_USD,
    attempts: tries.reduce((sum, one) => sum + one.attempts, 0),
    duration_ms: Math.round(tries.reduce((sum, one) => sum + one.durationMs, 0)),
  };
}

function answerOf(item: BatchItem, response: ChatResponse, model = ''): Pick<BatchResult, 'response' | 'tool_calls'> {
  if (item.shape !== 'text') return { response: bodyOf(item, response, model) };
  const calls = response.content.flatMap((part) =>
    part.type === 'tool-call' ? [{ id: part.id, name: part.name, arguments: part.arguments }] : [],
  );
  const refusal = response.content.map((part) => (part.type === 'refusal' ? part.text : '')).join('');
  return {
    response: response.text === '' ? refusal : response.text,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function bodyOf(item: BatchItem, response: ChatResponse, model: string): JsonObject {
  const { server, prefix } = BODIES[item.shape as Exclude<AnswerShape, 'text'>];
  const createdAt = response.createdAt ?? Math.floor(Date.now() / 1_000);
  return server.encodeWhole(response, { id: response.id ?? `${prefix}${item.index}`, createdAt, model });
}

function errorOf(error: Error): BatchError {
  if (ProviderError.is(error)) {
    const { kind, message, status, code } = error;
    return { kind, message, ...(status === undefined ? {} : { status }), ...(code === undefined ? {} : { code }) };
  }
  if (error instanceof RequestError)
    return { kind: 'invalid-request', message: error.message, status: error.status, code: error.code };
  return { kind: 'internal', message: error.message };
}

function usageOf(usage: Usage | undefined): BatchResult['usage'] {
  if (usage === undefined) return null;
  const { inputTokens, outputTokens, cacheReadTokens, reasoningTokens } = usage;
  return {
    input_tokens: inputTokens ?? null,
    output_tokens: outputTokens ?? null,
    ...(cacheReadTokens === undefined ? {} : { cache_read_tokens: cacheReadTokens }),
    ...(reasoningTokens === undefined ? {} : { reasoning_tokens: reasoningTokens }),
  };
}
