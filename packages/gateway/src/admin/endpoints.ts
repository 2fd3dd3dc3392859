import type { Endpoint } from '../endpoints.ts';
import type { Route } from '../route-table.ts';
import { openApiOf } from './openapi.ts';
import { adminRoute, type AdminRoute } from './route.ts';
import { CONFIG_ROUTES } from './routes/config-routes.ts';
import { KEY_ROUTES } from './routes/key-routes.ts';
import { LIVE_ROUTES } from './routes/live-routes.ts';
import { OVERVIEW_ROUTES } from './routes/overview-routes.ts';
import { REHEARSAL_ROUTES } from './routes/rehearsal-routes.ts';
import { REQUEST_ROUTES } from './routes/request-routes.ts';
import { SERIES_ROUTES } from './routes/series-routes.ts';
import { SESSION_ROUTES } from './routes/session-routes.ts';
import { SPEND_ROUTES } from './routes/spend-routes.ts';
import { TRY_ROUTES } from './routes/try-routes.ts';
import { ADMIN_DIALECT, serveAdminRoute } from './serve-route.ts';
import { z } from 'zod';

const DESCRIBED = adminRoute({
  method: 'GET',
  pattern: '/api/openapi.json',
  access: 'open',
  summary: 'This description.',
  answers: { 200: z.looseObject({ openapi: z.string(), paths: z.looseObject({}) }) },
  run: ({ context }) => ({ body: openApiOf(ADMIN_ROUTES, context.admin?.options.version ?? '0') }),
});

/** The admin API: what serves and what is described. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  DESCRIBED,
  ...SESSION_ROUTES,
  ...OVERVIEW_ROUTES,
  ...LIVE_ROUTES,
  ...REQUEST_ROUTES,
  ...SERIES_ROUTES,
  ...SPEND_ROUTES,
  ...KEY_ROUTES,
  ...CONFIG_ROUTES,
  ...TRY_ROUTES,
  ...REHEARSAL_ROUTES,
];

export const ADMIN_ENDPOINTS: readonly Route<Endpoint>[] = ADMIN_ROUTES.map((route) => ({
  method: route.method,
  pattern: route.pattern,
  run: {
    dialect: ADMIN_DIALECT,
    admin: route.access ?? 'admin',
    run: (exchange, operator) => serveAdminRoute(route, exchange, operator),
  },
}));
