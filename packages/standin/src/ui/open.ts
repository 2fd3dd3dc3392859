import type { Config } from '@standin/core/config/model';
import type { CommandContext } from '../cli/context.ts';
import type { App } from './app.ts';
import { createConfigStore } from './config/store.ts';
import { isLoopback } from './gateway/access.ts';
import { openLink } from './gateway/link.ts';
import { createConfigPane } from './panes/config.ts';
import { createHealthPane } from './panes/health.ts';
import { createRequestsPane } from './panes/requests.ts';
import { createSpendPane } from './panes/spend.ts';
import type { UiOptions } from './run.ts';

/** Everything that is loaded behind the first picture. Returns how it is closed. */
export async function openPanes({ url }: UiOptions, context: CommandContext, app: App): Promise<() => void> {
  const { standinHome } = await import('@standin/core/config/files');
  const first = await readOnce(context);
  const base = url ?? addressOf(first);
  const link = openLink({ base, home: standinHome(context.env), env: context.env, onChange: () => app.linked() });
  const around = {
    link,
    redraw: () => app.redraw(),
    say: (text: string, tone?: 'good' | 'bad') => app.say(text, tone),
  };
  const store = createConfigStore(context, link, { first, onlyGateway: !isLoopback(base.hostname) }, around.redraw);
  app.load(
    [createConfigPane(store, around), createRequestsPane(around), createHealthPane(around), createSpendPane(around)],
    link,
  );
  return () => {
    link.close();
    store.close();
  };
}

/** Whatever is wrong with the config is shown in its pane. */
async function readOnce(context: CommandContext): Promise<Config | undefined> {
  try {
    const { readConfig } = await import('../cli/open.ts');
    return await readConfig(context);
  } catch {
    return undefined;
  }
}

/** Where the config says that the gateway listens. */
function addressOf(config: Config | undefined): URL {
  const { host = '127.0.0.1', port = 8787 } = config?.document.gateway ?? {};
  const here = ['0.0.0.0', '::', ''].includes(host) ? '127.0.0.1' : host;
  return (
    URL.parse(`http://${here.includes(':') ? `[${here}]` : here}:${port === 0 ? 8787 : port}`) ??
    new URL('http://127.0.0.1:8787')
  );
}
