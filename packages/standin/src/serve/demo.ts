import type { FoundEntry } from '@standin/core/config/environment';
import { DEFAULT_LIMITS } from '@standin/core/route/target';
import type { DemoVendor } from '@standin/simulator';
import type { Demo } from './upstream.ts';

export interface StartedDemo extends Demo {
  /** The chain as config entries. */
  readonly found: readonly FoundEntry[];
  close(): Promise<void>;
}

/** Entries for the simulated vendors: the first with the others as its fallbacks. */
export function demoEntries(vendors: readonly DemoVendor[]): FoundEntry[] {
  return vendors.map(({ name, url, wire, model }) => ({
    slot: 'custom',
    alias: name,
    fields: { uri: `${url}/v1`, model, wire_api: wire === 'anthropic-messages' ? 'messages' : 'chat_completions' },
  }));
}

/** Starts simulated vendors in this process, so that the first minute needs neither key nor network. */
export async function startDemo(): Promise<StartedDemo> {
  const { startDemoVendors } = await import('@standin/simulator');
  const demo = await startDemoVendors();
  const [first] = demo.vendors;
  // As many failures as the walk asks the first vendor, so that exactly one call falls back and the next finds it well.
  const times = 1 + DEFAULT_LIMITS.retriesPerTarget;
  return {
    found: demoEntries(demo.vendors),
    model: first?.model ?? '',
    failCommand: `curl -X POST '${first?.url ?? ''}/sim/fail?kind=503&times=${times}'`,
    close: () => demo.close(),
  };
}
