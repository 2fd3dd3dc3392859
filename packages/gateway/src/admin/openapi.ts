import { z } from 'zod';
import type { JsonObject } from '@standin/core/spec/json';
import { CSRF_HEADER } from './access.ts';
import { ERROR_BODY, type AdminRoute } from './route.ts';

const ERRORS_OF_ALL: Readonly<Record<number, string>> = {
  400: 'The query or body is not as described.',
  403: 'No admin right, no CSRF token, or a page of another site.',
};
const NO_SESSION = 'No session and no key with the admin right.';

/** The admin API as OpenAPI 3.1, from the routes that serve it. */
export function openApiOf(routes: readonly AdminRoute[], version: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const route of routes) (paths[route.pattern] ??= {})[route.method.toLowerCase()] = operationOf(route);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Standin admin API',
      version,
      description:
        'What the dashboard and operators use. Money is text in USD, times are Unix milliseconds, null is "not known".',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ session: [], csrf: [] }, { adminKey: [] }],
    paths,
    components: {
      schemas: { Error: schemaOf(ERROR_BODY) },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'standin_session_8787',
          description: 'Of POST /api/pair; the name ends with the port.',
        },
        csrf: {
          type: 'apiKey',
          in: 'header',
          name: CSRF_HEADER,
          description: 'Of GET /api/session; with a session, for everything but GET.',
        },
        adminKey: { type: 'http', scheme: 'bearer', description: 'A virtual key made with --admin.' },
      },
    },
  };
}

function operationOf(route: AdminRoute): JsonObject {
  const { method, pattern, summary, access = 'admin' } = route;
  const security: JsonObject[] =
    method === 'GET' ? [{ session: [] }, { adminKey: [] }] : [{ session: [], csrf: [] }, { adminKey: [] }];
  return {
    operationId: operationId(method, pattern),
    summary,
    ...(access === 'inspect' ? { description: 'A program on the same machine needs neither session nor key.' } : {}),
    // An empty requirement: nothing is needed.
    security: access === 'open' ? [] : access === 'inspect' ? [...security, {}] : security,
    parameters: parametersOf(route),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } },
        }),
    responses: responsesOf(route),
  };
}

/** `GET /api/requests/{id}/waterfall` → `getRequestsIdWaterfall`. */
function operationId(method: string, pattern: string): string {
  const words = pattern.split(/[^A-Za-z]+/).filter((word) => word !== '' && word !== 'api');
  return method.toLowerCase() + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('');
}

function parametersOf({ pattern, query }: AdminRoute): JsonObject[] {
  const list: JsonObject[] = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  if (query === undefined) return list;
  const { properties = {}, required = [] } = schemaOf(query, 'input') as {
    properties?: Record<string, JsonObject>;
    required?: readonly string[];
  };
  for (const [name, schema] of Object.entries(properties))
    list.push({ name, in: 'query', required: required.includes(name), schema });
  return list;
}

function responsesOf(route: AdminRoute): JsonObject {
  const responses: Record<string, JsonObject> = {};
  for (const [status, schema] of Object.entries(route.answers))
    responses[status] = { description: 'Done.', content: { 'application/json': { schema: schemaOf(schema) } } };
  if (route.also !== undefined) {
    const known = (responses['200'] as { content?: JsonObject } | undefined)?.content ?? {};
    responses['200'] = { description: 'Done.', content: { ...known, [route.also]: { schema: { type: 'string' } } } };
  }
  const errors = {
    ...ERRORS_OF_ALL,
    ...(route.access === 'open' ? {} : { 401: NO_SESSION }),
    ...(route.pattern.includes('{') ? { 404: 'There is none of that name.' } : {}),
    ...route.errors,
  };
  for (const [status, description] of Object.entries(errors))
    responses[status] = {
      description,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
    };
  return responses;
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' });
  return rest as JsonObject;
}
