import { isJsonObject } from '@standin/core/spec/json';

/** How one MCP server is reached, in the shape that other MCP clients use under `mcpServers`. */
export type McpServer = {
  readonly name: string;
  /** Milliseconds for connecting and for one call. Default 60,000. */
  readonly timeoutMs?: number;
} & (
  | {
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd?: string;
    }
  | { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly isSse: boolean }
);

/** A list of servers that cannot be used. Exit code 2. */
export class ToolsFileError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Servers from `{"mcpServers": {name: {command, args, env} | {url, headers}}}`, or from the inner object alone.
 * `${NAME}` and `${NAME:-default}` in values come from `env`. `where` names the source in errors. Throws
 * `ToolsFileError`.
 */
export function parseServers(value: unknown, where: string, env: NodeJS.ProcessEnv): McpServer[] {
  const refuse = (what: string): never => {
    throw new ToolsFileError(`${where}: ${what}`);
  };
  const whole = isJsonObject(value) ? value : refuse('it must hold an object {"mcpServers": {…}}.');
  const servers = whole['mcpServers'] ?? whole['servers'] ?? whole;
  if (!isJsonObject(servers)) return refuse('"mcpServers" must be an object of servers by name.');
  return Object.entries(servers).flatMap(([name, one]): McpServer[] => {
    if (!isJsonObject(one)) return refuse(`server "${name}" must be an object with "command" or "url".`);
    if (one['disabled'] === true || one['enabled'] === false) return [];
    const text = (key: string): string | undefined => {
      const given = one[key];
      if (given === undefined) return undefined;
      return typeof given === 'string'
        ? expand(given, env, `${name}.${key}`, refuse)
        : refuse(`${name}.${key} must be a text.`);
    };
    const texts = (key: string): Record<string, string> => {
      const given = one[key] ?? {};
      if (!isJsonObject(given)) return refuse(`${name}.${key} must be an object of texts.`);
      return Object.fromEntries(
        Object.entries(given).map(([field, child]) => [
          field,
          typeof child === 'string' || typeof child === 'number' || typeof child === 'boolean'
            ? expand(String(child), env, `${name}.${key}.${field}`, refuse)
            : refuse(`${name}.${key}.${field} must be a text.`),
        ]),
      );
    };
    const seconds = one['timeout_secs'] ?? one['timeout'];
    const timeout = typeof seconds === 'number' && seconds > 0 ? { timeoutMs: seconds * 1_000 } : {};
    const command = text('command');
    if (command !== undefined) {
      const args = one['args'] ?? [];
      if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string'))
        return refuse(`${name}.args must be a list of texts.`);
      const cwd = text('cwd');
      return [
        {
          name,
          ...timeout,
          command,
          args: args.map((arg) => expand(arg, env, `${name}.args`, refuse)),
          env: texts('env'),
          ...(cwd === undefined ? {} : { cwd }),
        },
      ];
    }
    const url = text('url') ?? text('serverUrl');
    if (url === undefined) return refuse(`server "${name}" needs "command" or "url".`);
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) return refuse(`${name}.url must be an http(s) address.`);
    const kind = one['type'] ?? one['transport'];
    return [{ name, ...timeout, url, headers: texts('headers'), isSse: kind === 'sse' }];
  });
}

function expand(text: string, env: NodeJS.ProcessEnv, path: string, refuse: (what: string) => never): string {
  return text.replaceAll(/\$\{(?:env:)?([A-Za-z_]\w*)(?::-([^}]*))?\}/g, (_whole, name: string, otherwise?: string) => {
    const value = env[name] ?? otherwise;
    return value ?? refuse(`${path} uses the variable ${name}, which is not set.`);
  });
}
