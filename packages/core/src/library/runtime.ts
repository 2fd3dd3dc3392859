import { systemClock, type Clock, type Random } from '../spec/clock.ts';
import { silentLog, type Log } from '../spec/log.ts';
import type { SchemaValidator } from '../spec/provider.ts';
import { createHealth, type Health } from '../route/health.ts';
import { createHttpTransport } from '../transport/http-transport.ts';
import { proxyFromEnvironment } from '../transport/proxy.ts';
import type { Transport } from '../transport/transport.ts';
import { ajvValidator } from './schema-validator.ts';

/** What every call of one process shares. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly health: Health;
  readonly log: Log;
  /** Checks answers to a JSON Schema. Default: ajv, where it is installed. */
  readonly validateSchema: SchemaValidator;
}

export type RuntimeOptions = Partial<Runtime>;

export function createRuntime(options: RuntimeOptions = {}): Runtime {
  return {
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    transport: options.transport ?? createHttpTransport({ proxy: proxyFromEnvironment(process.env) }),
    health: options.health ?? createHealth(),
    log: options.log ?? silentLog,
    validateSchema: options.validateSchema ?? ajvValidator,
  };
}

let shared: Runtime | undefined;

/** The runtime of providers made without one: one connection pool and one health for the process. */
export function sharedRuntime(): Runtime {
  shared ??= createRuntime();
  return shared;
}
