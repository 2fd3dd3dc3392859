import { valueAt, isTree } from '../path.ts';
import type { V1Context } from './v1.ts';
import { referTo } from './v1-names.ts';
import { setChain, type Fallback } from './v1-reliability.ts';

const HINT = 'hint:';

/** `[[model_routes]]`; a route's entry falls back as the default one does. */
export function convertRoutes(context: V1Context, chain: readonly Fallback[]): void {
  const { converter } = context;
  const routes = valueAt(converter.source, ['model_routes']);
  if (routes === undefined) return;
  if (!Array.isArray(routes)) {
    converter.fail(['model_routes'], 'expected a list of tables: write [[model_routes]]');
    converter.leave(['model_routes'], 'expected a list of tables');
    return;
  }
  const made: Record<string, unknown>[] = [];
  converter.tree['model_routes'] = made;
  routes.forEach((route, index) => {
    const from = ['model_routes', String(index)];
    if (!isTree(route)) {
      converter.fail(from, 'expected a table');
      converter.leave(from, 'expected a table');
      return;
    }
    const to = ['model_routes', String(made.length)];
    made.push({});
    converter.anchor(to, from);
    for (const key of ['hint', 'model', 'api_key']) converter.move([...from, key], [...to, key]);
    const spelling = converter.text([...from, 'provider']) ?? converter.text([...from, 'model_provider']);
    const field = converter.text([...from, 'provider']) === undefined ? 'model_provider' : 'provider';
    if (spelling === undefined) {
      converter.fail(from, 'a route needs provider = "<name>"');
      return;
    }
    const entry = referTo(context, spelling, [...from, field]);
    converter.put([...to, 'model_provider'], entry.ref, [...from, field]);
    setChain(context, entry, chain);
  });
}

/** `default_model = "hint:NAME"`: the default agent goes where that route goes. */
export function pointToHint({ converter, primary }: V1Context): void {
  const key = ['default_model', 'model'].find((name) => converter.text([name])?.startsWith(HINT) === true);
  if (key === undefined) return;
  const hint = (converter.text([key]) ?? '').slice(HINT.length);
  const routes = (converter.tree['model_routes'] ?? []) as readonly Record<string, unknown>[];
  const index = routes.findIndex((route) => route['hint'] === hint);
  const route = routes[index];
  if (route === undefined) {
    converter.fail([key], `no [[model_routes]] has the hint "${hint}"`);
    converter.leave([key], 'expected the hint of a route');
    return;
  }
  const target = typeof route['model_provider'] === 'string' ? route['model_provider'] : primary.ref;
  converter.put(['agents', 'default', 'model_provider'], target, [key]);
  if (typeof route['model'] === 'string') converter.put(['agents', 'default', 'model'], route['model'], [key]);
}
