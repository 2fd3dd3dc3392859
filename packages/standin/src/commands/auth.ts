import { Option, type Command } from 'commander';
import type { LoginScreen, LoginVendor } from '@standin/core/auth/oauth/login-vendor';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { openAuth, type Auth } from '../auth/open-auth.ts';
import { openBrowser } from '../auth/open-browser.ts';
import { printStatus } from '../auth/status.ts';

interface ProfileOptions {
  readonly provider: string;
  readonly profile: string;
}

interface LoginOptions extends ProfileOptions {
  readonly device?: boolean;
  readonly browser?: boolean;
  readonly open: boolean;
  readonly port?: string;
  readonly clientId?: string;
  readonly clientSecretEnv?: string;
}

interface ImportOptions extends ProfileOptions {
  readonly from?: string;
}

const EXAMPLES = `
Examples:
  $ standin auth login --provider openai-codex
  $ standin auth login --provider copilot --profile work
  $ standin auth import --provider qwen
  $ standin auth status`;

export function register(command: Command, context: CommandContext): void {
  command.addHelpText('after', EXAMPLES);
  withProfile(command.command('login'))
    .description('Sign in: prints an address and a code, and waits for you to enter it.')
    .addOption(new Option('--device', 'sign in with a code, on any device').conflicts('browser'))
    .option('--browser', 'sign in with the browser of this machine')
    .option('--no-open', 'print the address only, open no browser')
    .option('--port <port>', 'port of the local page the browser comes back to')
    .option('--client-id <id>', 'app registration of your own (gemini)')
    .option('--client-secret-env <name>', 'variable that holds its secret (gemini)')
    .action((options: LoginOptions) => login(options, context));
  command
    .command('status')
    .description('The stored logins: account, state, time left. Never a token.')
    .option('--provider <slot>', 'only this one')
    .option('--json', 'print the list as JSON')
    .action(async (options: { provider?: string; json?: boolean }) => {
      const auth = await openAuth(context);
      const vendor = options.provider === undefined ? undefined : await auth.vendor(options.provider);
      await printStatus(auth, vendor, options.json === true, context.output);
    });
  withProfile(command.command('logout'))
    .description('Forget a stored login.')
    .action((options: ProfileOptions) => logout(options, context));
  withProfile(command.command('refresh'))
    .description('Renew the tokens of a login now.')
    .action((options: ProfileOptions) => refresh(options, context));
  withProfile(command.command('import'))
    .description('Take over the login of the vendor’s own program, or of ZeroClaw.')
    .option('--from <path>', 'the file to read, such as ~/.codex/auth.json or an auth-profiles.json')
    .action((options: ImportOptions) => importLogin(options, context));
}

function withProfile(command: Command): Command {
  return command
    .requiredOption('--provider <slot>', 'slot of the catalog: openai-codex, copilot, gemini, qwen, minimax, xai')
    .option('--profile <name>', 'name of the login, where you have several', 'default');
}

const PROFILE = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

function checkedName(name: string): string {
  if (PROFILE.test(name) && !name.startsWith('config-')) return name;
  throw new UsageError(
    'a profile name has 1 to 63 letters, digits, ".", "_", "@" or "-", and does not begin with "config-"',
  );
}

async function login(options: LoginOptions, context: CommandContext): Promise<void> {
  const name = checkedName(options.profile);
  const port = options.port === undefined ? undefined : Number(options.port);
  if (port !== undefined && (!Number.isInteger(port) || port < 0 || port > 65_535))
    throw new UsageError('--port takes a number from 0 to 65535');
  const auth = await openAuth(context);
  const vendor = await auth.vendor(options.provider);
  const { signIn } = await import('@standin/core/auth/oauth/admin');
  const { output } = context;
  const { errorStyle } = output;
  const way = options.device === true ? 'device' : options.browser === true ? 'browser' : undefined;
  const mayOpen = options.open && output.err.isTTY === true;
  const draft = await signIn(vendor, way, {
    http: auth.http,
    clock: auth.clock,
    issuer: auth.issuer(vendor),
    signal: context.interrupt.signal,
    screen: screenOf(vendor, context),
    ...(mayOpen ? { open: openBrowser } : {}),
    ...(port === undefined ? {} : { callbackPort: port }),
    ...(options.clientId === undefined ? {} : { clientId: options.clientId }),
    ...secretOf(options, context),
  });
  await auth.store.put({ ...draft, name }, { activate: true });
  const who = draft.metadata['email'] ?? draft.accountId;
  output.note(
    `${errorStyle.green('Signed in')} to ${vendor.name}${who === undefined ? '' : ` as ${who}`} (profile "${name}").`,
  );
  output.note(
    errorStyle.dim(
      `Use it with [providers.models.${vendor.slot}.main]${name === 'default' ? '' : ` and auth_profile = "${name}"`}.`,
    ),
  );
}

function secretOf({ clientSecretEnv }: LoginOptions, { env }: CommandContext): { clientSecret?: string } {
  if (clientSecretEnv === undefined) return {};
  const secret = env[clientSecretEnv]?.trim() ?? '';
  if (secret === '') throw new UsageError(`the variable ${clientSecretEnv} is not set`);
  return { clientSecret: secret };
}

function screenOf(vendor: LoginVendor, { output }: CommandContext): LoginScreen {
  const { errorStyle, err } = output;
  const note = (line: string): void => output.note(line);
  const wait = (): void => note(errorStyle.dim('Waiting for you (Ctrl-C to stop) …'));
  return {
    device({ url, code, direct, minutes }) {
      note(`To sign in to ${vendor.name}, open`);
      note(`  ${errorStyle.bold(url)}`);
      note(`and enter the code ${errorStyle.bold(code)} within ${minutes} minutes.`);
      if (direct !== undefined) note(errorStyle.dim(`Or open ${direct}`));
      wait();
    },
    browser({ url, listening }) {
      note(`To sign in to ${vendor.name}, open this address in a browser of this machine:`);
      note(`  ${url}`);
      note(errorStyle.dim(`It comes back to ${listening}.`));
      wait();
    },
    waiting() {
      if (err.isTTY === true) err.write(errorStyle.dim('.'));
    },
  };
}

async function logout({ provider, profile }: ProfileOptions, context: CommandContext): Promise<void> {
  const auth = await openAuth(context);
  const vendor = await auth.vendor(provider);
  if (!(await auth.store.remove(vendor.slot, profile)))
    throw new UsageError(`there is no login "${profile}" of ${vendor.name}; see "standin auth status"`);
  context.output.note(
    `Forgot the login "${profile}" of ${vendor.name}. At the vendor it stays valid until you withdraw it there.`,
  );
}

async function refresh({ provider, profile }: ProfileOptions, context: CommandContext): Promise<void> {
  const auth = await openAuth(context);
  const vendor = await auth.vendor(provider);
  const session = await auth.session(vendor, profile);
  const login = await session.login({ renew: true });
  const { timeLeft } = await import('../auth/status.ts');
  context.output.note(`Renewed the login "${profile}" of ${vendor.name}; ${timeLeft(login, auth.clock.wallMs())}.`);
}

async function importLogin({ provider, profile, from }: ImportOptions, context: CommandContext): Promise<void> {
  const name = checkedName(profile);
  const auth = await openAuth(context);
  const vendor = await auth.vendor(provider);
  const found = await findOne(auth, vendor, from, name);
  const metadata = { ...found.login.metadata, ...(found.isShared ? { source: found.from } : {}) };
  await auth.store.put({ ...found.login, name, metadata }, { activate: true });
  context.output.note(`Took over the login of ${vendor.name} from ${found.from} (profile "${name}").`);
  if (found.isShared)
    context.output.note(`Renewed tokens are written back there, so that its program stays signed in.`);
}

async function findOne(auth: Auth, vendor: LoginVendor, from: string | undefined, profile: string) {
  const { findImport } = await import('@standin/core/auth/oauth/admin');
  const found = findImport({
    vendor,
    env: auth.env,
    clock: auth.clock,
    cipherOf: (home) => auth.cipherOf(home),
    ...(from === undefined ? {} : { from }),
    ...(profile === 'default' ? {} : { profile }),
  });
  if (found !== undefined) return found;
  const program = vendor.file === undefined ? '' : ` of ${vendor.file.program} or`;
  const where = from ?? [...(vendor.file?.paths(auth.env) ?? []), 'the folders of ZeroClaw'].join(', ');
  throw new UsageError(`there is no login${program} of ZeroClaw for ${vendor.name} at ${where}`);
}
