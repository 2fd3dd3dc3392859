import { z } from 'zod';
import { ConfigError } from '@standin/core/config/issue';
import { RequestError } from '@standin/core/spec/errors';
import type { JsonObject } from '@standin/core/spec/json';
import { openaiChatServer } from '@standin/core/wires/openai-chat/index';
import type { WireServer } from '@standin/core/wires/wire';
import { StoreError } from '@standin/store/database';
import { parseJsonBody, readBody } from '../body.ts';
import { sendJson, type Exchange } from '../exchange.ts';
import type { Operator } from './access.ts';
import { AdminError, unavailable, type AdminCall, type AdminRoute, type Reply } from './route.ts';

const BODY_LIMIT_BYTES = 1024 * 1024;

/** The shape of the admin API's errors. */
export const ADMIN_DIALECT: WireServer = {
  ...openaiChatServer,
  encodeError: ({ code, message, requestId }) => ({ error: { code, message, requestId: requestId ?? '' } }),
};

export const ADMIN_HEADERS = [
  'cache-control',
  'no-store',
  'x-content-type-options',
  'nosniff',
  'cross-origin-resource-policy',
  'same-origin',
] as const;

/** Runs a route for somebody who may use it. */
export function serveAdminRoute(route: AdminRoute, exchange: Exchange, operator: Operator): void {
  const { req, res } = exchange;
  req.on('error', ignore);
  res.on('error', ignore);
  try {
    const query = parsed(route.query, queryOf(req.url ?? ''), 'query');
    if (route.method === 'GET') return answer(route, exchange, operator, query, {});
    const type = req.headers['content-type'] ?? '';
    if (!/^application\/json\b/i.test(type))
      throw new AdminError(415, 'unsupported_media_type', 'The body must be sent as application/json.');
    readBody(req, BODY_LIMIT_BYTES, (error, body) => {
      try {
        if (error !== undefined) throw error;
        const given = body.length === 0 ? {} : parseJsonBody(body);
        answer(route, exchange, operator, query, parsed(route.body, given, 'body'));
      } catch (thrown) {
        refuse(exchange, thrown);
      }
    });
  } catch (thrown) {
    refuse(exchange, thrown);
  }
}

const ignore = (): void => {};

function answer(route: AdminRoute, exchange: Exchange, operator: Operator, query: unknown, body: unknown): void {
  const { context, req } = exchange;
  const call = {
    exchange,
    context,
    req,
    operator,
    parameter: decoded(exchange.parameter),
    query,
    body,
    get admin() {
      if (context.admin === undefined) throw unavailable('its admin side');
      return context.admin;
    },
  } as unknown as AdminCall<never, never>;
  const send = (reply: Reply | undefined): void => {
    if (reply === undefined) return;
    sendJson(exchange, reply.status ?? 200, reply.body, [...ADMIN_HEADERS, ...(reply.headers ?? [])]);
  };
  const result = route.run(call);
  if (!(result instanceof Promise)) return send(result);
  result.then(send).catch((thrown: unknown) => refuse(exchange, thrown));
}

function refuse(exchange: Exchange, thrown: unknown): void {
  const { context, requestId, res } = exchange;
  const failure = asAdminError(thrown);
  if (failure === undefined) context.log('error', 'Admin request failed', { requestId, error: thrown });
  const { status, code, message, extra, headers } = failure ?? OWN_FAULT;
  if (res.headersSent) return void res.destroy();
  const body: JsonObject = { error: { code, message, requestId, ...extra } };
  sendJson(exchange, status, body, [...ADMIN_HEADERS, ...headers]);
}

const OWN_FAULT = new AdminError(
  500,
  'gateway_error',
  'The gateway failed while handling this request; its log says more.',
);

function asAdminError(thrown: unknown): AdminError | undefined {
  if (thrown instanceof AdminError) return thrown;
  if (thrown instanceof RequestError) return new AdminError(thrown.status, thrown.code, thrown.message);
  if (thrown instanceof ConfigError) return new AdminError(422, 'config_refused', thrown.message);
  if (thrown instanceof StoreError) return new AdminError(503, 'store_unavailable', thrown.message);
  return undefined;
}

/** Every value once, as text. */
function queryOf(url: string): Readonly<Record<string, string>> {
  const mark = url.indexOf('?');
  return Object.fromEntries(new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)));
}

function parsed(schema: z.ZodObject | undefined, given: unknown, what: string): unknown {
  const result = (schema ?? NOTHING).safeParse(given);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue?.path.join('.') ?? '';
  const where = at === '' ? `The ${what}` : `"${at}" in the ${what}`;
  throw new AdminError(
    400,
    'invalid_request',
    `${where} cannot be used: ${issue?.message ?? 'it is not as described'}.`,
  );
}

/** A route that takes nothing is not bothered by what comes along. */
const NOTHING = z.looseObject({});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
