import type { ErrorDetails } from '../spec/errors.ts';
import type { Secret } from '../spec/secret.ts';
import type { Quirks } from '../wires/quirks.ts';
import type { VendorError, WireClient, WireTarget } from '../wires/wire.ts';

/** One credential of an entry. An entry that needs none has one key without a secret and the fingerprint `none`. */
export interface Key {
  readonly fingerprint: string;
  readonly secret?: Secret;
}

/** A call as it is about to leave: what `Endpoint.prepare` may still change. */
export interface OutgoingCall {
  readonly method: string;
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Everything about one entry that is needed to make a call, except model and key. Built once from config, frozen. */
export interface Endpoint {
  /** `<type>.<alias>`. */
  readonly entry: string;
  /** Catalog slot. */
  readonly slot: string;
  readonly wire: WireClient;
  /** The URL a call to `path` goes to; a query of the configured `uri` is kept. */
  urlFor(path: string): string;
  /** Lower-case headers that carry the key, plus fixed vendor headers and the user's `extra_headers`. */
  headersFor(key: Key): Readonly<Record<string, string>>;
  /**
   * The last step before a call leaves, for what is more than a fixed key: a login's token, a signature over the call.
   * With `renew` the credential used last was refused: a new one is fetched first. Rejects with a `ProviderError`;
   * kind `auth` without a status when nobody is signed in. The attempt's own timers run meanwhile.
   */
  prepare?(call: OutgoingCall, key: Key, how: { readonly renew: boolean }): Promise<OutgoingCall>;
  /** `prepare` can fetch a new credential: after a 401 or 403 the same target is asked once more with `renew`. */
  readonly renewable?: boolean;
  quirksFor(model: string): Quirks;
  readonly defaults: WireTarget['defaults'];
  /** From a vendor's error answer to a typed error (kind, rule, retryAfterMs, …); headers are lower case. */
  classify(error: VendorError, headers: Readonly<Record<string, string>>): ErrorDetails;
  /** A text of this vendor without the secrets it may echo. */
  redact?(text: string): string;
  /** The address is the user's own: another Standin may answer there, so the attempt budget travels along. */
  readonly mayNest?: boolean;
  readonly tlsCaCertPath?: string;
  /** `timeout_secs` of the entry, milliseconds: most time for one attempt. */
  readonly timeoutMs?: number;
}
