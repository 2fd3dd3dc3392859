import type { Clock } from '../../spec/clock.ts';
import type { OutgoingCall } from '../../vendors/endpoint-types.ts';
import type { IdentityHttp } from './http.ts';
import type { Login } from './login.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** What a renewal or a sign-in may use of the world. */
export interface VendorContext {
  readonly http: IdentityHttp;
  readonly clock: Clock;
  /** Base of the identity server, without a trailing slash. */
  readonly issuer: string;
  readonly signal?: AbortSignal;
  /** Of the app registration, where the operator brings it (Gemini). */
  readonly clientId?: string;
  readonly clientSecret?: string;
}

/** What the person who signs in is shown. */
export interface LoginScreen {
  /** Open `url` on any device and type `code`. */
  device(step: {
    readonly url: string;
    readonly code: string;
    readonly direct?: string;
    readonly minutes: number;
  }): void;
  /** Open `url` in a browser of this machine. */
  browser(step: { readonly url: string; readonly listening: string }): void;
  /** The person has not answered yet; called about every poll. */
  waiting?(): void;
}

export interface FlowContext extends VendorContext {
  readonly screen: LoginScreen;
  /** Opens a browser; resolves false when there is none. */
  readonly open?: (url: string) => Promise<boolean>;
  /** Port of the local callback server instead of the registered one; 0 takes any free one. */
  readonly callbackPort?: number;
}

/** Tokens of a fresh sign-in, before they have an owner and a name. */
export type LoginDraft = Omit<Login, 'provider' | 'name' | 'createdAt' | 'updatedAt'>;

export type SignIn = (context: FlowContext) => Promise<LoginDraft>;

/** The file in which the vendor's own program keeps its login. */
export interface LoginFile {
  /** `Codex CLI`. */
  readonly program: string;
  /** Places in order; the first that exists is the one. */
  paths(env: Variables): readonly string[];
  /** `undefined` when the file holds no login. Throws for text that is no such file. */
  parse(text: string): LoginDraft | undefined;
  /** The text with the login's tokens put in; everything else stays. */
  merge(text: string, login: Login, wallMs: number): string;
}

/** How one vendor signs people in. */
export interface LoginVendor {
  readonly slot: string;
  readonly name: string;
  /** Base of the vendor's identity server. */
  readonly issuer: string;
  /** A token is renewed this long before its end, milliseconds. */
  readonly renewEarlyMs: number;
  /** True when the login is due for renewal although its token is still good. */
  isDue?(login: Login, wallMs: number): boolean;
  readonly device?: SignIn;
  readonly browser?: SignIn;
  readonly file?: LoginFile;
  /**
   * New tokens for this login; what it leaves out stays. Rejects with kind `auth` (rule `login:expired`,
   * `login:revoked`, …) when somebody must sign in again, with another kind when trying again may help.
   */
  renew(login: Login, context: VendorContext): Promise<Partial<Login>>;
  /** Headers, lower case, that calls of this account carry. */
  headers(login: Login, call: OutgoingCall): Readonly<Record<string, string>>;
  /** Base address that came with the login, without a trailing slash. */
  base?(login: Login): string | undefined;
}

export function homeOf(env: Variables, fallback: string): string {
  const home = env['HOME'] ?? env['USERPROFILE'];
  return home === undefined || home === '' ? fallback : home;
}
