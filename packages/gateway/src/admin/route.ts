import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { JsonObject } from '@standin/core/spec/json';
import type { GatewayContext } from '../exchange.ts';
import type { Exchange } from '../exchange.ts';
import type { AdminAccess, Operator } from './access.ts';
import type { AdminContext } from './context.ts';

/** What a route is run with: everything was checked before. */
export interface AdminCall<Query = unknown, Body = unknown> {
  readonly exchange: Exchange;
  readonly context: GatewayContext;
  readonly req: IncomingMessage;
  readonly operator: Operator;
  /** What the pattern's `{name}` stood for, decoded. */
  readonly parameter: string;
  readonly query: Query;
  readonly body: Body;
  /** Throws 404 `unavailable` when this gateway has no admin side. */
  readonly admin: AdminContext;
}

export interface Reply {
  /** Default 200. */
  readonly status?: number;
  readonly body: JsonObject;
  /** Name, value, name, value … */
  readonly headers?: readonly string[];
}

/** One thing of the admin API: served from this, and described in OpenAPI from this. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST';
  /** At most one `{name}`. */
  readonly pattern: string;
  /** Default `admin`. */
  readonly access?: AdminAccess;
  /** One sentence. */
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  /** Schemas of the answers that are JSON, by status. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** Statuses of errors beside those of every route. */
  readonly errors?: Readonly<Record<number, string>>;
  /** Media type of a 200 that is no JSON, or is so only on demand. */
  readonly also?: string;
  /** `undefined`: it has answered by itself. */
  readonly run: (call: AdminCall<never, never>) => Reply | undefined | Promise<Reply | undefined>;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : Readonly<Record<string, never>>;

type Typed<Q, B> = Omit<AdminRoute, 'query' | 'body' | 'run'> & {
  readonly query?: Q;
  readonly body?: B;
  readonly run: (call: AdminCall<Parsed<Q>, Parsed<B>>) => Reply | undefined | Promise<Reply | undefined>;
};

/** A route whose `run` knows the types of its query and body. */
export function adminRoute<
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>(route: Typed<Q, B>): AdminRoute {
  return route;
}

/** What is told instead of an answer. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly status: number;
  readonly code: string;
  readonly extra: JsonObject;
  readonly headers: readonly string[];

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly extra?: JsonObject; readonly headers?: readonly string[] } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.extra = more.extra ?? {};
    this.headers = more.headers ?? [];
  }
}

/** This gateway was started without what the route needs. */
export function unavailable(what: string): AdminError {
  return new AdminError(404, 'unavailable', `This gateway was started without ${what}.`);
}

export const ERROR_BODY = z.strictObject({
  error: z.looseObject({ code: z.string(), message: z.string(), requestId: z.string() }),
});
