import type { Config } from '@standin/core/config/model';
import { Secret } from '@standin/core/spec/secret';

/** Every secret a config holds, wherever it stands: keys, header values, OAuth tokens, keys of routes. */
export function secretsOf(config: Config): Secret[] {
  const found = new Set<Secret>();
  const visit = (value: unknown): void => {
    if (value instanceof Secret) found.add(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(config.document);
  visit(config.routes);
  for (const entry of config.entries.values()) visit(entry.keys);
  return [...found];
}
