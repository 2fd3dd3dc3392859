import type { FlagOverride } from '@standin/core/config/flags';
import type { Log } from '@standin/core/spec/log';
import type { Demo } from './upstream.ts';

export async function startDemo(_log: Log): Promise<Demo & { flags: FlagOverride[]; close(): Promise<void> }> {
  return Promise.reject(new Error('not yet'));
}
