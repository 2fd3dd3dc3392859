import type { AttemptRecord, ProviderError } from '@standin/core/spec/errors';
import type { Standin } from '@standin/core/library/standin-types';
import type { Plan } from '@standin/core/route/target';
import type { Finding } from './finding.ts';
import type { RemoteTarget } from './remote-checks.ts';

const LIMIT_MS = 30_000;
/** One token is refused by some, and thinking models need a few before they say anything. */
const MAX_TOKENS = 16;

/** The smallest real call, once for each credential of an entry, without retry and without fallback. */
export async function probeLive(
  { ref, target }: RemoteTarget,
  standin: Standin,
  signal: AbortSignal,
): Promise<Finding[]> {
  const base = standin.plan(ref);
  const findings: Finding[] = [];
  for (const key of target.keys) {
    const plan: Plan = {
      ...base,
      targets: [{ ...target, keys: [key], retries: 0 }],
      limits: { ...base.limits, maxAttempts: 1, deadlineMs: LIMIT_MS, retriesPerTarget: 0 },
      warnings: [],
    };
    const subject = key.secret === undefined ? ref : `${ref} (key:${key.fingerprint})`;
    const sinceMs = performance.now();
    const error = await callOnce(plan, standin, signal);
    const tookMs = Math.round(performance.now() - sinceMs);
    if (error === undefined)
      findings.push({ level: 'ok', category: 'live', subject, message: `${target.model} answered in ${tookMs} ms` });
    else
      findings.push({
        level: 'error',
        category: 'live',
        subject,
        message: `${error.kind}: ${lastMessage(error)}`,
        mend: mendFor(error, ref),
      });
  }
  return findings;
}

function mendFor({ kind }: ProviderError, ref: string): string {
  if (kind === 'auth') return `standin config set providers.models.${ref}.api_key`;
  return kind === 'model-not-found'
    ? `standin config set providers.models.${ref}.model`
    : `standin plan --provider ${ref}`;
}

/** The whole error lists its one attempt; what the vendor said is all that is wanted here. */
function lastMessage(error: ProviderError): string {
  const { attempts } = error as { readonly attempts?: readonly AttemptRecord[] };
  return attempts?.at(-1)?.message ?? error.message;
}

function callOnce(plan: Plan, standin: Standin, signal: AbortSignal): Promise<ProviderError | undefined> {
  return new Promise((resolve) => {
    const request = { messages: [{ role: 'user' as const, content: 'Say OK.' }], maxTokens: MAX_TOKENS };
    standin.start(
      plan,
      request,
      { mode: 'whole', signal },
      {
        onEvents: () => {},
        onDone: () => resolve(undefined),
        onError: (error) => resolve(error),
      },
    );
  });
}
