/** One thing the server answers. `pattern` is a path, with at most one `{name}` that stands for one character or more. */
export interface Route<Run> {
  /** `ANY`: the route looks at the method itself. */
  readonly method: 'GET' | 'POST' | 'DELETE' | 'ANY';
  readonly pattern: string;
  readonly run: Run;
}

export type Found<Run> =
  | { readonly type: 'route'; readonly run: Run; readonly parameter: string }
  /** The path is known, the method is not; `run` is the first of the path. */
  | { readonly type: 'method'; readonly run: Run; readonly allow: string }
  | { readonly type: 'none' };

interface Open<Run> {
  readonly route: Route<Run>;
  readonly prefix: string;
  readonly suffix: string;
}

export interface RouteTable<Run> {
  /** `path` without its query. HEAD finds GET; a slash at the end does not matter. */
  find(method: string, path: string): Found<Run>;
}

/** Plain paths by one look-up, patterns in the order given. */
export function createRouteTable<Run>(routes: readonly Route<Run>[]): RouteTable<Run> {
  const plain = new Map<string, Route<Run>[]>();
  const open: Open<Run>[] = [];
  for (const route of routes) {
    const brace = route.pattern.indexOf('{');
    if (brace < 0) plain.set(route.pattern, [...(plain.get(route.pattern) ?? []), route]);
    else {
      const suffix = route.pattern.slice(route.pattern.indexOf('}') + 1);
      open.push({ route, prefix: route.pattern.slice(0, brace), suffix });
    }
  }
  const matches = (path: string): { routes: readonly Route<Run>[]; parameter: string } => {
    const exact = plain.get(path);
    if (exact !== undefined) return { routes: exact, parameter: '' };
    const found = open.filter(
      ({ prefix, suffix }) =>
        path.length > prefix.length + suffix.length && path.startsWith(prefix) && path.endsWith(suffix),
    );
    const first = found[0];
    if (first === undefined) return { routes: [], parameter: '' };
    return {
      routes: found.map((one) => one.route),
      parameter: path.slice(first.prefix.length, path.length - first.suffix.length),
    };
  };
  return {
    find(method, path) {
      const wanted = method === 'HEAD' ? 'GET' : method;
      const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
      const { routes: found, parameter } = matches(trimmed);
      for (const route of found)
        if (route.method === wanted || route.method === 'ANY') return { type: 'route', run: route.run, parameter };
      const first = found[0];
      if (first === undefined) return { type: 'none' };
      const allow = found.map((route) => (route.method === 'GET' ? 'GET, HEAD' : route.method)).join(', ');
      return { type: 'method', run: first.run, allow };
    },
  };
}
