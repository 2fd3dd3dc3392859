import type { ErrorKind } from '../spec/errors.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { Quirks } from '../wires/quirks.ts';

/** How a key travels. `none`: the server takes none; a configured key is still sent as Bearer. */
export type AuthScheme = 'bearer' | 'x-api-key' | 'api-key' | 'x-goog-api-key' | 'none' | 'zhipu-jwt' | 'aws' | 'oauth';

/** A wording or code by which one vendor says one thing. Each carries the example it came from. */
export interface ErrorPattern {
  readonly kind: ErrorKind;
  /** Statuses it applies to; absent: any. */
  readonly status?: readonly number[];
  /** Exact vendor code or type, compared without case. */
  readonly code?: string;
  /** Matched against the vendor's message only, never against the status or a whole body. */
  readonly message?: RegExp;
  readonly example: string;
}

/** A vendor is data: one row for each slot of the catalog. */
export interface VendorRow {
  /** Canonical slot, the `<type>` of `[providers.models.<type>.<alias>]`. */
  readonly id: string;
  /** Name for people. */
  readonly name: string;
  /** Other spellings; a value names the region the spelling selects. */
  readonly aliases: Readonly<Record<string, string | undefined>>;
  /** Region → base URL with its version path and without a trailing slash; `{name}` stands for an entry field. Empty: `uri` is required. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly defaultEndpoint?: string;
  /** Bases of a wire that is served elsewhere than the first one; a region missing here has no such wire. */
  readonly wireEndpoints?: Readonly<Partial<Record<WireId, Readonly<Record<string, string>>>>>;
  /** Paths of the server's own protocol that people write in `uri`; taken off before the wire's path is put on. */
  readonly nativePaths?: readonly string[];
  /** Protocols it speaks, the default first. */
  readonly wires: readonly WireId[];
  readonly auth: AuthScheme;
  /** Schemes of single wires that differ from `auth`. */
  readonly wireAuth?: Readonly<Partial<Record<WireId, AuthScheme>>>;
  /** Environment variables read for the key, in order. */
  readonly keyVariables: readonly string[];
  /** Sent when no key is configured and the server wants any (`lm-studio`). */
  readonly placeholderKey?: string;
  /** False: works without a key (local servers). */
  readonly keyRequired: boolean;
  /** Keys of this vendor begin so; used by `doctor` and to refuse another vendor's key. */
  readonly keyPrefixes?: readonly string[];
  /** Sent with every call (`user-agent` of coding plans). */
  readonly headers?: Readonly<Record<string, string>>;
  readonly quirks?: Partial<Quirks>;
  /** Glob on the model id → behaviours; later rules win. */
  readonly modelRules?: readonly { readonly match: string; readonly quirks: Partial<Quirks> }[];
  /** Models served by another protocol than the first one; a protocol that the entry names wins. Later rules win. */
  readonly modelWires?: readonly { readonly match: string; readonly wire: WireId }[];
  /** Per region headers or quirks. */
  readonly regions?: Readonly<
    Record<
      string,
      {
        readonly headers?: Readonly<Record<string, string>>;
        readonly quirks?: Partial<Quirks>;
        /** Read before the row's own. */
        readonly keyVariables?: readonly string[];
      }
    >
  >;
  readonly errors?: readonly ErrorPattern[];
  /** Model used when an entry names none. */
  readonly defaultModel?: string;
  /** Path of the model list below the base URL, default `/models`; `null`: no list. */
  readonly listPath?: string | null;
  /** Entry fields beyond the common ones that mean something here (`resource`, `region`). */
  readonly fields?: readonly string[];
  /** Value of a field the entry leaves out. */
  readonly fieldDefaults?: Readonly<Record<string, string>>;
  /** Environment variables a missing field is read from, in order. */
  readonly fieldVariables?: Readonly<Record<string, readonly string[]>>;
  /** Why no call can be made through this slot, and what to use instead. */
  readonly unavailable?: string;
  /** Source and date of the facts above. */
  readonly source: string;
}
