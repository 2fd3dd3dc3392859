import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { GatewayLoad } from '@standin/gateway';

const AFTER_MS = 1_000;

/**
 * Reading the program and the config leaves some 25 MB behind that nobody needs any more, and that the engine would keep
 * until load makes it look. One collection, 20 to 30 ms, a second after the start and only while nobody is being served.
 */
export function giveBackAfterStart(load: () => GatewayLoad): void {
  const timer = setTimeout(() => {
    if (load().openCalls > 0) return;
    setFlagsFromString('--expose-gc');
    const collect: unknown = runInNewContext('gc');
    setFlagsFromString('--no-expose-gc');
    // This kind gives emptied pages back to the system instead of keeping them at hand.
    if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }, AFTER_MS);
  timer.unref();
}
