import { setFlagsFromString } from 'node:v8';

/** The engine whose thresholds were measured: that of Node 24. */
const MEASURED_ENGINE = '13.6.';

/**
 * Calls of a function before the engine compiles it, and then compiles it well; its own numbers are 400, 3,000 and 500.
 * They suit pages that are left soon. A gateway runs the same few hundred functions for days, and without this its first
 * 30,000 calls cost up to twice what later ones do (docs/speed.md). It changes when code is compiled, never what it does.
 */
const THRESHOLDS = [
  '--invocation-count-for-maglev=100',
  '--invocation-count-for-turbofan=600',
  '--minimum-invocations-after-ic-update=100',
];

/** For a process that serves: hot code is compiled sooner. Nothing happens on another engine than the measured one. */
export function compileEarly(engine = process.versions.v8): void {
  if (!engine.startsWith(MEASURED_ENGINE)) return;
  for (const flag of THRESHOLDS) setFlagsFromString(flag);
}
