import { ProviderError } from '../../spec/errors.ts';
import { Secret } from '../../spec/secret.ts';
import { fromContainer, fromEnvironment, fromInstance } from './machine.ts';
import { fromProfile, staticKeys } from './profile.ts';
import { profileName, readSharedFiles } from './shared-files.ts';
import { fromWebIdentity } from './sts.ts';
import { variable, type AwsIdentity, type AwsSource, type AwsWorld } from './world.ts';

/** In this order; the first place that has credentials decides. */
const SOURCES: readonly AwsSource[] = [fromEnvironment, fromProfile, fromWebIdentity, fromContainer, fromInstance];

/** Temporary credentials are fetched anew this long before they end, so that no call leaves with dying ones. */
const RENEW_BEFORE_MS = 60_000;
/** A place that has no credentials is not searched again at once. */
const KEPT_FAILURE_MS = 2_000;

export interface AwsChain {
  /** Credentials that are good now. With `renew` the last ones were refused: they are looked for again. Rejects with kind `auth`. */
  get(how?: { readonly renew?: boolean }): Promise<AwsIdentity>;
}

/** One search at a time, however many calls wait for it; the result is kept as long as it is good. */
export function createAwsChain(world: AwsWorld): AwsChain {
  let known: AwsIdentity | undefined;
  let search: Promise<AwsIdentity> | undefined;
  let failed: { readonly error: unknown; readonly untilMs: number } | undefined;

  const isGood = (identity: AwsIdentity, marginMs: number): boolean =>
    identity.credentials.expiresMs === undefined || identity.credentials.expiresMs - marginMs > world.nowMs();

  const look = async (): Promise<AwsIdentity> => {
    try {
      known = await searchAll(world);
      failed = undefined;
      return known;
    } catch (error) {
      // What still holds is better than nothing: the place that gives new ones may be back before it ends.
      if (known !== undefined && known.credentials.expiresMs !== undefined && isGood(known, 0)) return known;
      failed = { error, untilMs: world.nowMs() + KEPT_FAILURE_MS };
      throw error;
    } finally {
      search = undefined;
    }
  };

  return {
    async get(how = {}) {
      if (how.renew === true && search === undefined) {
        known = undefined;
        failed = undefined;
      }
      if (known !== undefined && search === undefined && isGood(known, RENEW_BEFORE_MS)) return known;
      if (failed !== undefined && world.nowMs() < failed.untilMs) throw failed.error;
      search ??= look();
      return search;
    },
  };
}

async function searchAll(world: AwsWorld): Promise<AwsIdentity> {
  const tried: string[] = [];
  for (const source of SOURCES) {
    const found = await source(world, tried);
    if (found !== undefined) return found;
  }
  const next =
    'set api_key or AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile with `aws configure`';
  throw new ProviderError({
    kind: 'auth',
    rule: 'aws-credentials',
    message: `No AWS credentials: ${tried.join('; ')}. To go on, ${next}.`,
  });
}

/** Name for records of whoever signs: of the access key where it is known without asking anybody, else of the place. */
export function awsFingerprint(world: Pick<AwsWorld, 'env' | 'readText'>): string {
  const inVariables = variable(world, 'AWS_ACCESS_KEY_ID');
  if (inVariables !== undefined && variable(world, 'AWS_SECRET_ACCESS_KEY') !== undefined)
    return new Secret(inVariables).fingerprint;
  const name = profileName(world);
  const profile = readSharedFiles(world).profiles.get(name);
  if (profile === undefined) return 'aws';
  const keys = profile['role_arn'] === undefined ? staticKeys(profile) : undefined;
  return keys === undefined ? `aws:${name}` : new Secret(keys.accessKeyId).fingerprint;
}
