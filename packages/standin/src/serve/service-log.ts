import type { CommandContext } from '../cli/context.ts';

/** Names whose value is never written, whatever stands in it; values known as secrets are taken out before. */
const NEVER = ['authorization', 'api_key', 'apiKey', 'password', 'secret', 'token', 'cookie'];
const NEVER_QUOTED = ['x-api-key', 'api-key', 'x-goog-api-key', 'set-cookie', 'proxy-authorization'];

/**
 * The log of a service: JSON lines by pino where stderr is no terminal, or where it is asked for. They leave behind the
 * answers, in a thread of their own. On a terminal the command's own lines for people stay. Returns what writes the rest
 * at the end.
 */
export async function useServiceLog(context: CommandContext, worker?: number): Promise<() => void> {
  const { output } = context;
  const { logFormat, logLevel } = context.globals();
  const format = logFormat ?? (output.err.isTTY === true ? 'human' : 'json');
  if (format !== 'json' || logLevel === 'silent') return () => {};
  const { pino } = await import('pino');
  const isStderr = output.err === process.stderr;
  const destination = isStderr ? pino.destination({ dest: 2, sync: false }) : output.err;
  // A reader that left must not end the service.
  destination.on('error', () => {});
  const logger = pino(
    {
      level: logLevel,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      base: worker === undefined ? { pid: process.pid } : { pid: process.pid, worker },
      redact: {
        paths: [
          ...NEVER.flatMap((name) => [name, `*.${name}`]),
          ...NEVER_QUOTED.flatMap((name) => [`["${name}"]`, `*["${name}"]`]),
        ],
        censor: '[redacted]',
      },
    },
    destination,
  );
  context.logger().writeWith((level, message, fields) => logger[level](fields, message));
  const flush = (): void => {
    if ('flushSync' in destination) destination.flushSync();
  };
  process.once('exit', flush);
  return () => {
    process.off('exit', flush);
    flush();
    context.logger().writeWith(undefined);
  };
}
