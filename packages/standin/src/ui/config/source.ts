import type { Config } from '@standin/core/config/model';
import type { ConfigHandle } from '@standin/gateway';
import type { Issue as LoadedIssue } from '@standin/core/config/issue';
import type {
  ApplyAnswer,
  Change,
  CheckAnswer,
  ConfigAnswer,
  HistoryEntry,
  Issue,
} from '@standin/dashboard/api/config-types';
import type { CommandContext } from '../../cli/context.ts';
import { GatewayError, type GatewayClient } from '../gateway/client.ts';

/** Where the config is looked at and changed. Everything throws `GatewayError`: a refusal with its `issues`. */
export interface ConfigSource {
  /** `file`: there is no gateway to ask; the file is read and written here, by the code that the gateway uses. */
  readonly kind: 'gateway' | 'file';
  read(): Promise<ConfigAnswer>;
  check(changes: readonly Change[]): Promise<CheckAnswer>;
  apply(changes: readonly Change[], hash: string): Promise<ApplyAnswer>;
  history(): Promise<readonly HistoryEntry[]>;
  undo(id: string, hash: string): Promise<ApplyAnswer>;
}

/** The config that a running gateway has in force, with its own environment and flags. */
export function gatewaySource(client: GatewayClient): ConfigSource {
  return {
    kind: 'gateway',
    read: () => client.ask('/api/config'),
    check: (changes) => client.post('/api/config/check', { changes }),
    apply: (changes, hash) => client.post('/api/config/apply', { changes, hash }),
    history: async () => (await client.ask<{ data: readonly HistoryEntry[] }>('/api/config/history')).data,
    undo: (id, hash) => client.post('/api/config/undo', { id, hash }),
  };
}

/** The file itself, as it was read already (`first`), through the gateway's editor: the same checks, the same masked differences, the same undo. */
export async function fileSource(context: CommandContext, first?: Config): Promise<ConfigSource> {
  const [{ createConfigEditor }, show, { standinHome }, { readConfig }] = await Promise.all([
    import('@standin/gateway/admin/config/editor'),
    import('@standin/gateway/admin/config/show'),
    import('@standin/core/config/files'),
    import('../../cli/open.ts'),
  ]);
  let isFresh = true;
  let config = first ?? (await told(() => readConfig(context)));
  const handle: ConfigHandle = {
    current: () => config,
    load: () => ({ env: context.env }),
    async reload() {
      config = await readConfig(context);
      const [first] = config.report.errors;
      return first?.message;
    },
  };
  const shown = <T extends { readonly issues: readonly LoadedIssue[] }>(answer: T) => ({
    ...answer,
    issues: answer.issues.map(show.shownIssue) as unknown as readonly Issue[],
  });
  const editor = createConfigEditor(handle, standinHome(context.env), Date.now);
  return {
    kind: 'file',
    read: () =>
      told(async () => {
        if (!isFresh) config = await readConfig(context);
        isFresh = false;
        return show.shownConfig(config, editor, null) as unknown as ConfigAnswer;
      }),
    check: (changes) => told(async () => shown(editor.check(changes))),
    apply: (changes, hash) => told(async () => shown(await editor.apply(changes, hash))),
    history: async () => show.shownHistory(editor) as unknown as readonly HistoryEntry[],
    undo: (id, hash) => told(async () => shown(await editor.undo(id, hash))),
  };
}

/** The same errors, whichever way they come. */
async function told<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const { name, message, status, code, extra, issues } = error as Error & {
      readonly status?: number;
      readonly code?: string;
      readonly extra?: { readonly issues?: GatewayError['issues'] };
      readonly issues?: GatewayError['issues'];
    };
    if (name === 'AdminError') throw new GatewayError(status ?? 400, code ?? '', message, extra?.issues ?? []);
    if (name === 'ConfigError') throw new GatewayError(422, 'config_refused', message, issues ?? []);
    throw new GatewayError(500, code ?? 'failed', message);
  }
}
