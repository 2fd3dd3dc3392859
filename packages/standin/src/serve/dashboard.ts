import type { AdminOptions, ConfigHandle } from '@standin/gateway';
import type { RecordStore } from '@standin/core/route/record';
import type { CommandContext } from '../cli/context.ts';
import { reasonOf } from '../cli/reason.ts';

/** Where the built dashboard is; asked at the first look at a page, because in a checkout it may be built then. */
export async function dashboardPages(): Promise<string | undefined> {
  const { dashboardFolder } = await import('@standin/dashboard/locate');
  return dashboardFolder();
}

/** What the gateway's admin side needs of this process. */
export async function adminOptions(
  context: CommandContext,
  more: {
    readonly records: RecordStore;
    readonly simulated: boolean;
    readonly workers: number;
    readonly config: ConfigHandle;
  },
): Promise<AdminOptions> {
  const { standinHome } = await import('@standin/core/config/files');
  return { home: standinHome(context.env), version: context.version, ...more };
}

/** Prints the code for the next browser. A home that cannot be written costs the dashboard, not the service. */
export async function printPairing(url: string, context: CommandContext): Promise<void> {
  const { output } = context;
  try {
    const { code } = await newPairingCode(context);
    output.note(
      `Dashboard: ${url}/#pair=${code}   (pairing code ${code}: good for 10 minutes, once; "standin pair" prints another)`,
    );
  } catch (error) {
    output.note(`The dashboard cannot be paired: ${reasonOf(error)}`);
  }
}

export async function newPairingCode(
  context: CommandContext,
): Promise<{ readonly code: string; readonly expiresAt: number }> {
  const [{ createPairingCode }, { standinHome }, { pairingPath }] = await Promise.all([
    import('@standin/store'),
    import('@standin/core/config/files'),
    import('@standin/gateway/admin/context'),
  ]);
  return createPairingCode(pairingPath(standinHome(context.env)), Date.now());
}
