import type { Clock } from '../../spec/clock.ts';
import { ProviderError } from '../../spec/errors.ts';
import type { Log } from '../../spec/log.ts';
import type { Secret } from '../../spec/secret.ts';
import { withLock } from '../store/lock-file.ts';
import { loginCommand, loginError, troubleOf } from './failure.ts';
import type { IdentityHttp } from './http.ts';
import type { LoginVendor } from './login-vendor.ts';
import { isFresh, withTokens, type Login } from './login.ts';
import { sameSecret, type LoginPlace } from './place.ts';

export interface SessionOptions {
  readonly place: LoginPlace;
  readonly vendor: LoginVendor;
  /** Base of the identity server. */
  readonly issuer: string;
  readonly http: IdentityHttp;
  readonly clock: Clock;
  readonly log: Log;
}

/** One account at run time: always has a good token, renews it once for all who ask. */
export interface LoginSession {
  /**
   * The login with an access token that can be used now. `renew`: the vendor refused the one handed out last. Rejects
   * with kind `auth` (rule `login:missing|expired|revoked|unreadable`) when somebody must act, with another kind when
   * the identity server could not be asked.
   */
  login(how?: { readonly renew?: boolean }): Promise<Login>;
  /** Tokens seen of late, for the redactor. */
  secrets(): readonly Secret[];
}

/** Whether the stored file changed is looked up this often, milliseconds. */
const LOOK_MS = 1_000;
/** After a renewal, or a failed one, the identity server is left alone this long. */
const PAUSE_MS = 10_000;
/** A token with less life than this is no help when the renewal failed. */
const LAST_RESORT_MS = 5_000;
const MAX_SECRETS = 12;

export function createLoginSession(options: SessionOptions): LoginSession {
  return new Session(options);
}

class Session implements LoginSession {
  readonly #options: SessionOptions;
  readonly #secrets: Secret[] = [];
  #current: Login | undefined;
  #stamp = '';
  #lookedAt = -Infinity;
  #renewedAt = -Infinity;
  #failedAt = -Infinity;
  #refused: { readonly refresh: Secret; readonly error: ProviderError } | undefined;
  #flight: Promise<Login> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  login(how: { readonly renew?: boolean } = {}): Promise<Login> {
    const { clock } = this.#options;
    const known = this.#known();
    const isRecent = clock.now() - this.#renewedAt < PAUSE_MS;
    if (known !== undefined && (how.renew !== true || isRecent)) return Promise.resolve(known);
    // One flight serves everybody: whoever was refused meanwhile was refused with the same token.
    this.#flight ??= this.#obtain(how.renew === true ? this.#current?.access : undefined, how.renew === true).finally(
      () => {
        this.#flight = undefined;
      },
    );
    return this.#flight;
  }

  secrets(): readonly Secret[] {
    return this.#secrets;
  }

  /** The login in memory, while it is good and the stored one is the same. */
  #known(): Login | undefined {
    const { place, clock } = this.#options;
    if (this.#current === undefined) return undefined;
    const now = clock.now();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = now;
      if (place.stamp() !== this.#stamp) return undefined;
    }
    return this.#isGood(this.#current) ? this.#current : undefined;
  }

  #isGood(login: Login): boolean {
    const { vendor, clock } = this.#options;
    const wallMs = clock.wallMs();
    if (!isFresh(login, wallMs, vendor.renewEarlyMs)) return this.#mustDo(login, wallMs);
    return vendor.isDue?.(login, wallMs) !== true || clock.now() - this.#failedAt < PAUSE_MS;
  }

  /** A renewal failed a moment ago: what is left of the old token is used up first. */
  #mustDo(login: Login, wallMs: number): boolean {
    return this.#options.clock.now() - this.#failedAt < PAUSE_MS && isFresh(login, wallMs, LAST_RESORT_MS);
  }

  async #obtain(refused: Secret | undefined, renew: boolean): Promise<Login> {
    const { place, clock } = this.#options;
    const stored = this.#read();
    const usable = (login: Login): boolean => this.#isGood(login) && !this.#isRefused(login, refused, renew, stored);
    if (usable(stored)) return this.#keep(stored);
    this.#assertRenewable(stored, renew);
    if (place.lockPath === undefined) return this.#renew(stored, renew);
    try {
      return await withLock(place.lockPath, { clock }, () => {
        // Whoever held the lock before may have done it for us.
        const again = this.#read();
        return usable(again) ? Promise.resolve(this.#keep(again)) : this.#renew(again, renew);
      });
    } catch (error) {
      if (ProviderError.is(error)) throw this.#named(error);
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code ?? message;
      throw loginError(
        'unreadable',
        `${this.#where()}: renewing needs a lock file, which cannot be made (${reason})`,
        'make the folder writable',
      );
    }
  }

  /** The very token that was refused; at the first call of a process the stored one is it. */
  #isRefused(login: Login, refused: Secret | undefined, renew: boolean, first: Login): boolean {
    return renew && sameSecret(login.access, refused ?? first.access);
  }

  async #renew(login: Login, renew: boolean): Promise<Login> {
    const { place, vendor, http, clock, issuer } = this.#options;
    const twin = this.#twin(login);
    if (twin !== undefined && !sameSecret(twin.access, login.access) && this.#isGood(twin))
      return this.#store(login, twin);
    this.#assertRenewable(login, renew);
    try {
      const next = await vendor.renew(login, { http, clock, issuer: login.metadata['issuer'] ?? issuer });
      const done = await this.#store(login, next);
      if (twin !== undefined && sameSecret(twin.refresh, login.refresh)) this.#quietly(() => place.writeTwin?.(done));
      return done;
    } catch (error) {
      if (!ProviderError.is(error)) throw error;
      const trouble = troubleOf(error);
      if (trouble === undefined) return this.#afterTransient(login, renew, error);
      // The other program may have used the renewal token up a moment ago: then its tokens are the good ones.
      const late = this.#twin(login);
      if (
        late !== undefined &&
        !sameSecret(late.refresh, login.refresh) &&
        isFresh(late, clock.wallMs(), LAST_RESORT_MS)
      )
        return this.#store(login, late);
      if (login.refresh !== undefined) this.#refused = { refresh: login.refresh, error };
      const problem = { problem: trouble, problem_at: new Date(clock.wallMs()).toISOString() };
      await this.#write({ ...login, metadata: { ...login.metadata, ...problem } });
      throw error;
    }
  }

  #afterTransient(login: Login, renew: boolean, error: ProviderError): Login {
    const { clock, log } = this.#options;
    this.#failedAt = clock.now();
    if (renew || !isFresh(login, clock.wallMs(), LAST_RESORT_MS)) throw error;
    log('warn', 'The login could not be renewed; its old token is used while it lasts', {
      login: this.#where(),
      reason: error.message,
    });
    return this.#keep(login);
  }

  #twin(login: Login): Login | undefined {
    let twin: Login | undefined;
    this.#quietly(() => {
      twin = this.#options.place.twin?.();
    });
    if (twin === undefined || twin.accountId !== login.accountId) return undefined;
    return twin;
  }

  async #store(login: Login, next: Partial<Login>): Promise<Login> {
    const { provider, name, metadata } = login;
    const merged = withTokens(login, next);
    const { problem: _, problem_at: __, ...facts } = { ...metadata, ...next.metadata };
    const done: Login = { ...merged, provider, name, metadata: facts };
    this.#renewedAt = this.#options.clock.now();
    this.#refused = undefined;
    await this.#write(done);
    return this.#keep(done);
  }

  /** The tokens are good even when they cannot be written; then only this process has them. */
  async #write(login: Login): Promise<void> {
    try {
      await this.#options.place.write(login);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : String(error));
      this.#options.log('warn', 'The renewed login could not be written back', { login: this.#where(), reason });
    }
  }

  #quietly(run: () => void): void {
    try {
      run();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log('debug', 'The other program’s login file was left alone', { reason });
    }
  }

  #read(): Login {
    const { place } = this.#options;
    this.#stamp = place.stamp();
    this.#lookedAt = this.#options.clock.now();
    const login = place.read();
    if (login !== undefined) return login;
    this.#current = undefined;
    throw loginError('missing', `${this.#where()}: nobody is signed in`, `run: ${this.#command()}`);
  }

  #keep(login: Login): Login {
    this.#current = login;
    this.#stamp = this.#options.place.stamp();
    for (const secret of [login.access, login.refresh, login.idToken]) {
      if (secret === undefined || this.#secrets.some((known) => sameSecret(known, secret))) continue;
      this.#secrets.push(secret);
      if (this.#secrets.length > MAX_SECRETS) this.#secrets.shift();
    }
    return login;
  }

  #assertRenewable(login: Login, renew: boolean): void {
    const next = `run: ${this.#command()}`;
    if (login.refresh === undefined || login.kind === 'token') {
      if (renew) throw loginError('revoked', `${this.#where()}: the token was refused and cannot be renewed`, next);
      throw loginError('expired', `${this.#where()}: the token has expired and cannot be renewed`, next);
    }
    // The identity server is not asked again about a login it has refused for good.
    if (this.#refused !== undefined && sameSecret(this.#refused.refresh, login.refresh)) throw this.#refused.error;
  }

  #named(error: ProviderError): ProviderError {
    return error.message.startsWith(this.#where())
      ? error
      : error.with({ message: `${this.#where()}: ${error.message}` });
  }

  #where(): string {
    const { vendor, place } = this.#options;
    return `${vendor.name} (${place.label})`;
  }

  #command(): string {
    const { place } = this.#options;
    return loginCommand(place.provider, place.name);
  }
}
