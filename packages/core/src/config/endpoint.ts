import type { WireId } from '../spec/wire-id.ts';
import { createRedactor } from '../transport/redact.ts';
import { parseWaitHintMs } from '../transport/retry-after.ts';
import { createEndpoint } from '../vendors/endpoint.ts';
import type { Endpoint } from '../vendors/endpoint-types.ts';
import type { WireClient } from '../wires/wire.ts';
import { addressFields, wireFor } from './entries.ts';
import type { Environment } from './expand.ts';
import type { ConfigEntry } from './model.ts';
import { isOwnHeader } from './own-headers.ts';
import { thinkStyle } from './think.ts';

export type Wires = Readonly<Partial<Record<WireId, WireClient>>>;

export function wireIdsOf(wires: Wires): ReadonlySet<WireId> {
  return new Set(Object.values(wires).map((wire) => wire.id));
}

/** How an entry is called; `undefined` when its vendor or protocol is not there. Throws `ProviderError` `config`. */
export function endpointOf(entry: ConfigEntry, wires: Wires, env: Environment): Endpoint | undefined {
  const picked = wireFor(entry, wireIdsOf(wires));
  const wire = 'wire' in picked ? wires[picked.wire] : undefined;
  if (wire === undefined || entry.row === undefined) return undefined;
  const { fields } = entry;
  return createEndpoint({
    entry: entry.ref,
    row: entry.row,
    wire,
    region: entry.region,
    uri: entry.uri,
    fields: addressFields(entry, env),
    extraHeaders: Object.fromEntries(Object.entries(fields.extra_headers ?? {}).filter(([name]) => !isOwnHeader(name))),
    maxTokens: fields.max_tokens,
    temperature: fields.temperature,
    think: fields.think,
    chatTemplateKwargs: fields.chat_template_kwargs,
    providerExtra: fields.provider_extra,
    tlsCaCertPath: fields.tls_ca_cert_path,
    timeoutMs: fields.timeout_secs === undefined ? undefined : fields.timeout_secs * 1000,
    nativeTools: fields.native_tools,
    vision: fields.vision,
    mergeSystemIntoUser: fields.merge_system_into_user,
    replayReasoning: fields.replay_assistant_reasoning,
    ...(fields.think === undefined ? {} : { quirks: { reasoningStyle: thinkStyle(entry, wire.id) } }),
    waitHint: parseWaitHintMs,
    createRedactor,
  });
}
