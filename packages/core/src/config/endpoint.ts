import { CODE_ASSIST_BASE, codeAssistEndpoint } from '../auth/gemini/code-assist.ts';
import { codeAssistWire } from '../auth/gemini/code-assist-wire.ts';
import { loginVendor } from '../auth/oauth/vendors.ts';
import type { WireId } from '../spec/wire-id.ts';
import { createRedactor } from '../transport/redact.ts';
import { parseWaitHintMs } from '../transport/retry-after.ts';
import { createEndpoint, type EndpointOptions } from '../vendors/endpoint.ts';
import type { Endpoint } from '../vendors/endpoint-types.ts';
import type { WireClient } from '../wires/wire.ts';
import { awsEndpointOptions } from './aws.ts';
import { addressFields, wireFor } from './entries.ts';
import type { Environment } from './expand.ts';
import { endpointLogin, type LoginSessions } from './login-sessions.ts';
import type { ConfigEntry } from './model.ts';
import { isOwnHeader } from './own-headers.ts';
import { thinkStyle } from './think.ts';

export type Wires = Readonly<Partial<Record<WireId, WireClient>>>;

export function wireIdsOf(wires: Wires): ReadonlySet<WireId> {
  return new Set(Object.values(wires).map((wire) => wire.id));
}

/** How an entry is called; `undefined` when its vendor or protocol is not there. Throws `ProviderError` `config`. */
export function endpointOf(
  entry: ConfigEntry,
  wires: Wires,
  env: Environment,
  logins?: () => LoginSessions,
): Endpoint | undefined {
  const picked = wireFor(entry, wireIdsOf(wires));
  const wire = 'wire' in picked ? wires[picked.wire] : undefined;
  if (wire === undefined || entry.row === undefined) return undefined;
  const { fields } = entry;
  const options = {
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
    ...awsEndpointOptions({ row: entry.row, region: fields.region, uri: entry.uri, keys: entry.keys }, env),
  } satisfies EndpointOptions;
  const vendor = entry.login === undefined ? undefined : loginVendor(entry.login.slot);
  if (entry.login === undefined || vendor === undefined || logins === undefined) return createEndpoint(options);
  const session = logins().session(entry.login, entry.region);
  const base = createEndpoint(options).urlFor('').replace(/\/+$/, '');
  const hasOwnToken = Object.keys(fields.extra_headers ?? {}).some((name) => name.toLowerCase() === 'authorization');
  const login = endpointLogin(session, vendor, {
    ref: entry.ref,
    base,
    hasOwnAddress: entry.uri !== undefined,
    hasOwnToken,
  });
  const own = { ...options, prepare: login.prepare, renewable: true, secrets: login.secrets };
  if (vendor.slot !== 'gemini' || wire.id !== 'gemini') return createEndpoint(own);
  // A Google login is served by Code Assist, not by the Gemini API.
  return codeAssistEndpoint(createEndpoint({ ...own, wire: codeAssistWire(wire) }), {
    entry: entry.ref,
    base: entry.uri === undefined ? CODE_ASSIST_BASE : `${new URL(base).origin}/v1internal`,
    project: fields.oauth_project ?? (env['GOOGLE_CLOUD_PROJECT'] || undefined),
    http: logins().http,
  });
}
