import type { LoginVendor } from '@standin/core/auth/oauth/login-vendor';
import type { Login } from '@standin/core/auth/oauth/login';
import type { Output } from '../cli/output.ts';
import { columnsOf, table } from '../cli/table.ts';
import type { Auth } from './open-auth.ts';

interface Row {
  readonly provider: string;
  readonly profile: string;
  readonly active: boolean;
  readonly state: string;
  readonly account?: string;
  readonly plan?: string;
  readonly expires_at?: string;
  readonly renewable: boolean;
  readonly source: string;
  readonly problem?: string;
}

/** `52 min left`, `expired 2 h ago`, `no end`. */
export function timeLeft(login: Login, wallMs: number): string {
  if (login.access === undefined) return 'no token yet';
  if (login.expiresAt === undefined) return 'no stated end';
  const ms = login.expiresAt - wallMs;
  return ms > 0 ? `${spoken(ms)} left` : `ended ${spoken(-ms)} ago`;
}

function spoken(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return `${Math.max(0, Math.round(ms / 1000))} s`;
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

const WORDS: Readonly<Record<string, string>> = {
  good: 'good',
  renewable: 'good, renewed at the next call',
  expired: 'expired: sign in again',
  revoked: 'revoked: sign in again',
  denied: 'refused by the vendor',
  unreadable: 'cannot be read',
};

export async function printStatus(
  auth: Auth,
  only: LoginVendor | undefined,
  asJson: boolean,
  output: Output,
): Promise<void> {
  const rows = (await collect(auth)).filter((row) => only === undefined || row.provider === only.slot);
  if (asJson) return output.print(JSON.stringify(rows, null, 2));
  if (rows.length === 0) {
    const slot = only?.slot ?? 'openai-codex';
    return output.note(
      `Nobody is signed in${only === undefined ? '' : ` to ${only.name}`}; run: standin auth login --provider ${slot}`,
    );
  }
  const shown = rows.map((row) => [
    `${row.provider}:${row.profile}${row.active ? ' *' : ''}`,
    row.account ?? '',
    WORDS[row.state] ?? row.state,
    row.expires_at === undefined ? '' : leftUntil(row.expires_at, auth.clock.wallMs()),
    row.source,
  ]);
  const [head = '', ...rest] = table(
    [['LOGIN', 'ACCOUNT', 'STATE', 'TOKEN', 'SOURCE'], ...shown],
    columnsOf(output),
  ).split('\n');
  output.print(output.style.bold(head));
  for (const line of rest) output.print(line);
  for (const { problem } of rows)
    if (problem !== undefined) output.note(`${output.errorStyle.yellow('problem:')} ${problem}`);
}

function leftUntil(at: string, wallMs: number): string {
  const ms = Date.parse(at) - wallMs;
  return ms > 0 ? `${spoken(ms)} left` : `ended ${spoken(-ms)} ago`;
}

async function collect(auth: Auth): Promise<Row[]> {
  const [{ stateOf }, { findLoginFile, readLoginFile }] = await Promise.all([
    import('@standin/core/auth/oauth/admin'),
    import('@standin/core/auth/oauth/place'),
  ]);
  const wallMs = auth.clock.wallMs();
  const rowOf = (login: Login, active: boolean, source: string): Row => ({
    provider: login.provider,
    profile: login.name,
    active,
    state: stateOf(login, wallMs),
    account: login.metadata['email'] ?? login.accountId,
    plan: login.metadata['plan'],
    expires_at: login.expiresAt === undefined ? undefined : new Date(login.expiresAt).toISOString(),
    renewable: login.refresh !== undefined && login.kind !== 'token',
    source,
  });
  const broken = (provider: string, profile: string, active: boolean, source: string, problem: string): Row => ({
    provider,
    profile,
    active,
    state: 'unreadable',
    renewable: false,
    source,
    problem,
  });
  const rows = auth.store.list().map(({ provider, name, isActive, login, problem }) => {
    if (login === undefined) return broken(provider, name, isActive, auth.store.path, problem ?? 'it cannot be read');
    return rowOf(login, isActive, login.metadata['source'] ?? auth.store.path);
  });
  for (const vendor of auth.vendors) {
    const path = findLoginFile(vendor, auth.env);
    if (path === undefined || vendor.file === undefined || rows.some((row) => row.source === path)) continue;
    const isUsed = !rows.some((row) => row.provider === vendor.slot);
    try {
      const login = readLoginFile(vendor.file, path, vendor.slot, vendor.file.program);
      if (login !== undefined) rows.push(rowOf(login, isUsed, path));
    } catch (error) {
      rows.push(
        broken(vendor.slot, vendor.file.program, isUsed, path, error instanceof Error ? error.message : String(error)),
      );
    }
  }
  return rows;
}
