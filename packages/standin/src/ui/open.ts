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
  const base = url ?? (await addressOf(context));
  const link = openLink({ base, home: standinHome(context.env), env: context.env, onChange: () => app.linked() });
  const around = {
    link,
    redraw: () => app.redraw(),
    say: (text: string, tone?: 'good' | 'bad') => app.say(text, tone),
  };
  const store = createConfigStore(context, link, !isLoopback(base.hostname), around.redraw);
  app.load(
    [createConfigPane(store, around), createRequestsPane(around), createHealthPane(around), createSpendPane(around)],
    link,
  );
  return () => {
    link.close();
    store.close();
  };
}

/** Where the config says that the gateway listens; whatever is wrong with the config is shown in its pane. */
async function addressOf(context: CommandContext): Promise<URL> {
  try {
    const { readConfig } = await import('../cli/open.ts');
    const { host = '127.0.0.1', port = 8787 } = (await readConfig(context)).document.gateway ?? {};
    const here = ['0.0.0.0', '::', ''].includes(host) ? '127.0.0.1' : host;
    return new URL(`http://${here.includes(':') ? `[${here}]` : here}:${port === 0 ? 8787 : port}`);
  } catch {
    return new URL('http://127.0.0.1:8787');
  }
}
