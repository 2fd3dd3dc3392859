import { z } from 'zod';

import { field, foreignKeys } from './meta.ts';
import { secretText } from './secret.ts';

/** `[mcp.servers.<name>]`. */
const serverSchema = z.strictObject({
  command: field(z.string().min(1), { description: 'Program that speaks MCP on its standard input and output.' }),
  args: field(z.array(z.string()), { description: 'Its arguments.' }),
  env: field(z.record(z.string().min(1), secretText), {
    description: 'Its variables, beside PATH and the like.',
    secret: true,
  }),
  cwd: field(z.string().min(1), { description: 'Directory it runs in.' }),
  url: field(z.string().min(1), { description: 'Address of a server that is reached over HTTP.' }),
  headers: field(z.record(z.string().min(1), secretText), { description: 'Headers of requests to it.', secret: true }),
  transport: field(z.enum(['stdio', 'http', 'sse']), {
    description: 'Only needed for servers that speak the older SSE transport.',
  }),
  timeout_secs: field(z.number().positive(), {
    description: 'Seconds a connection or a call may take.',
    defaultText: '60',
  }),
  enabled: field(z.boolean(), { description: 'A disabled server is not started.', defaultText: 'true' }),
});

/** `[mcp]`. */
export const mcpSchema = z.strictObject({
  servers: field(z.record(z.string().min(1), serverSchema), { description: 'Servers by name.' }),
  ...foreignKeys(['enabled', 'deferred_loading'], 'ZeroClaw'),
});

export type McpServerFields = z.output<typeof serverSchema>;
