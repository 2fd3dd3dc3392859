import type { FlagOverride } from '@standin/core/config/flags';
import { DEFAULT_LIMITS } from '@standin/core/route/target';
import type { DemoVendor } from '@standin/simulator';
import type { Demo } from './upstream.ts';

export interface StartedDemo extends Demo {
  /** The chain as config values. */
  readonly flags: readonly FlagOverride[];
  close(): Promise<void>;
}

const ALIAS = 'custom';

/** Entries for the simulated vendors: the first with the others as its fallbacks. */
export function demoFlags(vendors: readonly DemoVendor[]): FlagOverride[] {
  const set = (path: string, value: unknown): FlagOverride => ({ path, value, name: 'simulated vendor' });
  const entries = vendors.flatMap((vendor, i) => {
    const base = `providers.models.${ALIAS}.${vendor.name}`;
    const spares = vendors.slice(1).map((spare) => `${ALIAS}.${spare.name}`);
    return [
      set(`${base}.uri`, `${vendor.url}/v1`),
      set(`${base}.model`, vendor.model),
      set(`${base}.wire_api`, vendor.wire === 'anthropic-messages' ? 'messages' : 'chat_completions'),
      ...(i === 0 && spares.length > 0 ? [set(`${base}.fallback`, spares)] : []),
    ];
  });
  const [first] = vendors;
  return first === undefined ? entries : [...entries, set('agents.default.model_provider', `${ALIAS}.${first.name}`)];
}

/** Starts simulated vendors in this process, so that the first minute needs neither key nor network. */
export async function startDemo(): Promise<StartedDemo> {
  const { startDemoVendors } = await import('@standin/simulator');
  const demo = await startDemoVendors();
  const [first] = demo.vendors;
  // As many failures as the walk asks the first vendor, so that exactly one call falls back and the next finds it well.
  const times = 1 + DEFAULT_LIMITS.retriesPerTarget;
  return {
    flags: demoFlags(demo.vendors),
    model: first?.model ?? '',
    failCommand: `curl -X POST '${first?.url ?? ''}/sim/fail?kind=503&times=${times}'`,
    close: () => demo.close(),
  };
}
