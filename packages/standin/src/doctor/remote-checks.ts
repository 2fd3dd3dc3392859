import { createInflight, type Answer } from './ask.ts';
import { editDistance } from '@standin/core/spec/edit-distance';
import { quoted } from '@standin/core/config/secrets/key-file';
import { isJsonObject } from '@standin/core/spec/json';
import type { Endpoint, Target } from '@standin/core/route/target';
import type { VendorRow } from '@standin/core/vendors/row';
import { isTlsCode } from '@standin/core/transport/transport-errors';
import type { TransportError } from '@standin/core/transport/transport';
import type { Transport } from '@standin/core/transport/transport';
import type { Finding } from './finding.ts';

export interface RemoteTarget {
  readonly ref: string;
  readonly row: VendorRow;
  readonly endpoint: Endpoint;
  readonly target: Target;
  /** The address is the user's own. */
  readonly hasUri: boolean;
}

/** A signed request is refused when the clocks differ by more (AWS: 5 minutes). */
const SIGNED_SKEW_MS = 5 * 60_000;
const NOTABLE_SKEW_MS = 60_000;

/** One GET of the model list tells most: whether the address answers, takes the key, has the model, and what time it has. */
export async function checkRemote(
  remote: RemoteTarget,
  transport: Transport,
  wallMs: () => number,
): Promise<Finding[]> {
  const { ref, endpoint, target } = remote;
  const url = listUrl(remote);
  const [key] = target.keys;
  const shown = url === undefined ? endpoint.urlFor('') : url;
  const origin = URL.canParse(shown) ? new URL(shown).origin : ref;
  let answer: Answer | TransportError;
  try {
    const call = {
      method: 'GET',
      url: url ?? origin,
      headers: key === undefined ? {} : endpoint.headersFor(key),
      body: '',
    };
    const ready =
      endpoint.prepare === undefined || key === undefined ? call : await endpoint.prepare(call, key, { renew: false });
    answer = await createInflight(transport)(ready, endpoint.tlsCaCertPath);
  } catch (error) {
    const message = error instanceof Error ? error.message : 'the request cannot be made';
    return [{ level: 'error', category: 'keys', subject: ref, message }];
  }
  if (!('status' in answer)) return [unreachable(remote, answer, origin)];
  return [
    {
      level: 'ok',
      category: 'reach',
      subject: ref,
      message: `${origin} answers (DNS, TCP${origin.startsWith('https') ? ', TLS' : ''}, HTTP ${answer.status})`,
    },
    ...statusFindings(remote, answer, url !== undefined),
    ...clockFindings(remote, answer, wallMs()),
  ];
}

/** The model list of the protocol, below the address that calls go to. */
function listUrl({ row, endpoint }: RemoteTarget): string | undefined {
  if (row.listPath === null) return undefined;
  const paths: Readonly<Record<string, string>> = {
    'anthropic-messages': '/v1/models',
    'ollama-chat': '/api/tags',
    'openai-chat': row.listPath ?? '/models',
    'openai-responses': row.listPath ?? '/models',
    gemini: '/models',
    'gemini-interactions': '/models',
    'cohere-chat': '/v1/models',
  };
  const path = paths[endpoint.wire.id];
  return path === undefined ? undefined : endpoint.urlFor(path);
}

const PHASES = { dns: 'DNS', tcp: 'TCP', tls: 'TLS', http: 'HTTP' } as const;

export function phaseOf({ code, phase }: TransportError): keyof typeof PHASES {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  if (isTlsCode(code) || code === 'TLS_CA_FILE') return 'tls';
  return phase === 'connect' ? 'tcp' : 'http';
}

function unreachable({ ref, hasUri, row }: RemoteTarget, error: TransportError, origin: string): Finding {
  const phase = phaseOf(error);
  const host = URL.canParse(origin) ? new URL(origin).hostname : origin;
  const port = URL.canParse(origin) ? new URL(origin).port : '';
  const mends = {
    dns: hasUri ? `standin config set providers.models.${ref}.uri` : `getent hosts ${host}`,
    tcp: row.keyRequired
      ? `curl -sv ${quoted(origin)} -o /dev/null`
      : `start the server of ${ref} at ${host}${port === '' ? '' : ` port ${port}`}`,
    tls: `standin config set providers.models.${ref}.tls_ca_cert_path /path/to/ca.pem`,
    http: `curl -sv ${quoted(origin)} -o /dev/null`,
  };
  return {
    level: 'error',
    category: 'reach',
    subject: ref,
    message: `fails at ${PHASES[phase]}: ${error.message}`,
    mend: mends[phase],
  };
}

function statusFindings(remote: RemoteTarget, answer: Answer, hasList: boolean): Finding[] {
  const { ref, target, row } = remote;
  const { status } = answer;
  const mendKey = `standin config set providers.models.${ref}.api_key`;
  if (status === 401 || status === 403) {
    // A server that has no list may refuse what it does not know; a key is only called wrong by what knows keys.
    const message = `the key is refused (HTTP ${status})`;
    return hasList
      ? [
          {
            level: 'error',
            category: 'keys',
            subject: `${ref} (key:${target.keys[0]?.fingerprint ?? 'none'})`,
            message,
            mend: mendKey,
          },
        ]
      : [];
  }
  if (status === 429)
    return [
      {
        level: 'warning',
        category: 'reach',
        subject: ref,
        message: 'it is limiting the rate right now (HTTP 429)',
        mend: 'standin doctor',
      },
    ];
  if (status >= 500)
    return [
      {
        level: 'warning',
        category: 'reach',
        subject: ref,
        message: `it has trouble of its own (HTTP ${status})`,
        mend: 'standin doctor',
      },
    ];
  if (!hasList) return [];
  if (status === 404) return [missingList(remote)];
  const ids = status === 200 ? listedIds(answer.body) : undefined;
  if (ids === undefined || ids.length === 0) return [];
  if (ids.some((id) => sameModel(id, target.model)))
    return [{ level: 'ok', category: 'models', subject: ref, message: `offers ${target.model}` }];
  const near = ids.toSorted((a, b) => distance(a, target.model) - distance(b, target.model)).slice(0, 3);
  const message = `does not list ${target.model} among its ${ids.length} models; nearest: ${near.join(', ')}`;
  return [
    {
      level: 'warning',
      category: 'models',
      subject: ref,
      message,
      mend: `standin config set providers.models.${ref}.model ${quoted(near[0] ?? '')}`,
    },
  ];

  function missingList({ endpoint, hasUri }: RemoteTarget): Finding {
    const url = endpoint.urlFor('/models');
    const path = URL.canParse(url) ? new URL(url).pathname : '';
    if (hasUri && !/\/v\d/.test(path) && row.id === 'custom') {
      const base = url.replace(/\/models$/, '');
      return {
        level: 'warning',
        category: 'reach',
        subject: ref,
        message: 'nothing is at its model list (HTTP 404); the address may lack its version',
        mend: `standin config set providers.models.${ref}.uri ${quoted(`${base}/v1`)}`,
      };
    }
    return { level: 'ok', category: 'models', subject: ref, message: 'has no model list to compare with' };
  }
}

const plainId = (id: string): string =>
  id
    .replace(/^models\//, '')
    .replace(/:latest$/, '')
    .toLowerCase();
const sameModel = (a: string, b: string): boolean => plainId(a) === plainId(b);

/** Models of one family lie near each other even when the date at the end differs. */
function distance(id: string, model: string): number {
  const [a, b] = [plainId(id), plainId(model)];
  let head = 0;
  while (head < Math.min(a.length, b.length) && a[head] === b[head]) head++;
  return editDistance(a, b) - 2 * head;
}

/** Ids in the three forms lists have: `data[].id`, `models[].name`, a bare list. */
export function listedIds(body: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const list: unknown = Array.isArray(value)
    ? value
    : isJsonObject(value)
      ? (value['data'] ?? value['models'])
      : undefined;
  if (!Array.isArray(list)) return undefined;
  return list.flatMap((item: unknown) => {
    const id: unknown = isJsonObject(item) ? (item['id'] ?? item['name'] ?? item['model']) : item;
    return typeof id === 'string' ? [id] : [];
  });
}

function clockFindings({ ref, row }: RemoteTarget, { headers }: Answer, nowMs: number): Finding[] {
  const theirs = Date.parse(headers['date'] ?? '');
  if (Number.isNaN(theirs)) return [];
  const skewMs = nowMs - theirs;
  const isSigned = row.auth === 'aws' || row.auth === 'zhipu-jwt' || row.auth === 'oauth';
  const limit = isSigned ? SIGNED_SKEW_MS : 10 * SIGNED_SKEW_MS;
  if (Math.abs(skewMs) < NOTABLE_SKEW_MS)
    return isSigned ? [{ level: 'ok', category: 'clock', subject: ref, message: 'agrees with this clock' }] : [];
  const message = `this clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} the vendor's${isSigned ? '; signed requests are refused beyond 300 s' : ''}`;
  const level = isSigned && Math.abs(skewMs) >= limit ? 'error' : 'warning';
  return [{ level, category: 'clock', subject: ref, message, mend: 'sudo timedatectl set-ntp true' }];
}
