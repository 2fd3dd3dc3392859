import type { Clock, WireId } from '@standin/core/spec/index';
import { startSimulator, type Simulator } from './simulator.ts';

export interface DemoVendor {
  readonly name: string;
  /** Without a slash at the end; the wire's path goes below `<url>/v1`. */
  readonly url: string;
  readonly wire: WireId;
  readonly model: string;
}

export interface DemoVendors {
  /** In the order in which a chain should ask them. */
  readonly vendors: readonly DemoVendor[];
  close(): Promise<void>;
}

const VENDORS: readonly Omit<DemoVendor, 'url'>[] = [
  { name: 'sim-openai', wire: 'openai-chat', model: 'simulated/first' },
  { name: 'sim-anthropic', wire: 'anthropic-messages', model: 'simulated/second' },
];

/** Milliseconds between events: quick, but a person sees that it streams. */
const EVENT_MS = 15;

/**
 * Two stand-in vendors for a start without any config. They answer that they are simulated. Either is made to fail with
 * `POST <url>/sim/fail?times=N&kind=503` (or `429`, `cut`, any short form of `describeBehaviours()`).
 */
export async function startDemoVendors(
  options: { readonly clock?: Clock; readonly eventMs?: number } = {},
): Promise<DemoVendors> {
  const started: Simulator[] = [];
  const close = async () => void (await Promise.all(started.map((simulator) => simulator.close())));
  try {
    const vendors: DemoVendor[] = [];
    for (const vendor of VENDORS) {
      const simulator = await startSimulator({
        clock: options.clock,
        script: { models: [vendor.model], defaults: { eventMs: options.eventMs ?? EVENT_MS, model: vendor.model } },
        makeText: (request) =>
          request.outputFormat?.type.startsWith('json') === true
            ? undefined
            : demoText(vendor, started.indexOf(simulator)),
      });
      started.push(simulator);
      vendors.push({ ...vendor, url: simulator.url });
    }
    return { vendors, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function demoText(vendor: Omit<DemoVendor, 'url'>, position: number): string {
  const which =
    position === 0
      ? 'the first vendor of the demo chain'
      : 'the fallback of the demo chain, because the vendor before me failed';
  return (
    `Hello! I am ${vendor.model}, a simulated model inside Standin, and no real one has seen your prompt. ` +
    `I am ${which}. Give Standin a config or a vendor key, and a real model answers here instead.`
  );
}
