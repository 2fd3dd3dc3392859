import type { WireId } from '../spec/wire-id.ts';
import type { Endpoint } from '../vendors/endpoint-types.ts';
import type { WireClient } from '../wires/wire.ts';
import { wireFor } from './entries.ts';
import type { Environment } from './expand.ts';
import type { ConfigEntry } from './model.ts';

export function endpointOf(
  entry: ConfigEntry,
  wires: Readonly<Partial<Record<WireId, WireClient>>>,
  _env: Environment,
): Endpoint | undefined {
  const picked = wireFor(entry, new Set(Object.keys(wires) as WireId[]));
  const wire = 'wire' in picked ? wires[picked.wire] : undefined;
  if (wire === undefined) return undefined;
  throw new Error('createEndpoint is not there yet');
}
