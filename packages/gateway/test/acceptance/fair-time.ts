/** A tick; what it comes late is time in which nothing of this process ran. */
const TICK_MS = 10;
/** Lateness of ordinary work is the product's own. */
const ORDINARY_MS = 15;

let stolenMs = 0;
let expectedAt = performance.now() + TICK_MS;
let ticking: NodeJS.Timeout | undefined;

/**
 * Milliseconds without those in which the machine, or the harness itself with its many vendors in one process, let
 * nobody run: a limit of 15 s is a limit for the gateway, not for a starved process.
 */
export function fairNow(): number {
  ticking ??= setInterval(look, TICK_MS).unref();
  return performance.now() - look();
}

/** All that was taken so far. */
export function stolen(): number {
  return stolenMs;
}

function look(): number {
  const now = performance.now();
  if (now - expectedAt > ORDINARY_MS) stolenMs += now - expectedAt;
  if (now > expectedAt) expectedAt = now + TICK_MS;
  return stolenMs;
}
