import type { IdentityHttp } from '@standin/core/auth/oauth/http';
import type { LoginVendor } from '@standin/core/auth/oauth/login-vendor';
import type { LoginSession } from '@standin/core/auth/oauth/session';
import type { TokenCipher } from '@standin/core/auth/store/profile-json';
import type { TokenStore } from '@standin/core/auth/store/token-store';
import type { Clock } from '@standin/core/spec/clock';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';

/** What the commands about logins work with. */
export interface Auth {
  readonly env: CommandContext['env'];
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly http: IdentityHttp;
  readonly vendors: readonly LoginVendor[];
  /** By slot or alias. Throws `UsageError` for one without a sign-in. */
  vendor(slot: string): Promise<LoginVendor>;
  issuer(vendor: LoginVendor): string;
  session(vendor: LoginVendor, profile: string): Promise<LoginSession>;
  cipherOf(home: string): TokenCipher;
}

export async function openAuth(context: CommandContext): Promise<Auth> {
  const [
    { createTokenStore },
    { createTokenCipher },
    { standinHome },
    { systemClock },
    transports,
    { LOGIN_VENDORS, issuerOf },
  ] = await Promise.all([
    import('@standin/core/auth/store/token-store'),
    import('@standin/core/config/secrets/token-cipher'),
    import('@standin/core/config/files'),
    import('@standin/core/spec/clock'),
    Promise.all([
      import('@standin/core/transport/http-transport'),
      import('@standin/core/transport/whole-call'),
      import('@standin/core/transport/proxy'),
    ]),
    import('@standin/core/auth/oauth/vendors'),
  ]);
  const { env } = context;
  const clock = systemClock;
  const [{ createHttpTransport }, { createIdentityHttp }, { proxyFromEnvironment }] = transports;
  const http = createIdentityHttp(createHttpTransport({ clock, proxy: proxyFromEnvironment(env) }), { clock });
  const store = createTokenStore({ home: standinHome(env), cipher: createTokenCipher(env), clock });
  return {
    env,
    store,
    clock,
    http,
    vendors: LOGIN_VENDORS,
    async vendor(slot) {
      const { resolveSlug, unknownSlugMessage } = await import('@standin/core/vendors/lookup');
      const row = resolveSlug(slot)?.row;
      if (row === undefined) throw new UsageError(unknownSlugMessage(slot));
      const vendor = LOGIN_VENDORS.find((one) => one.slot === row.id);
      if (vendor !== undefined) return vendor;
      const slots = LOGIN_VENDORS.map((one) => one.slot).join(', ');
      throw new UsageError(`${row.name} has no sign-in, it takes an API key; there are sign-ins for ${slots}`);
    },
    issuer: (vendor) => issuerOf(vendor, env),
    async session(vendor, profile) {
      const { createLoginSession } = await import('@standin/core/auth/oauth/session');
      const { storedPlace } = await import('@standin/core/auth/oauth/place');
      const place = storedPlace(store, vendor.slot, profile, vendor.file);
      return createLoginSession({
        place,
        vendor,
        issuer: issuerOf(vendor, env),
        http,
        clock,
        log: context.logger().log,
      });
    },
    cipherOf: (home) => createTokenCipher(env, home),
  };
}
