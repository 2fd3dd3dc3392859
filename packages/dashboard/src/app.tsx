import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ask, post, session } from './api/client.ts';
import { connect, connection, disconnect } from './api/live.ts';
import type { SessionAnswer } from './api/types.ts';
import { Pair } from './pages/pair.tsx';
import { Now } from './pages/now.tsx';
import { go, path } from './router.ts';
import { helpIsOpen, lettersAreOn, PAGES, setLetters, SHORTCUTS } from './shortcuts.ts';
import { nextTheme, theme } from './theme.ts';
import { Icon, StateShape } from './ui/icons.tsx';
import { Dialog, Empty, Head, IconButton } from './ui/parts.tsx';
import { Toasts } from './ui/toast.tsx';

type Load = () => Promise<ComponentType>;

/** Pages but the first are fetched when they are opened. */
const LOADERS: Readonly<Record<string, Load>> = {
  requests: async () => (await import('./pages/requests.tsx')).Requests,
  spend: async () => (await import('./pages/spend.tsx')).Spend,
  config: async () => (await import('./pages/config.tsx')).Config,
  rehearse: async () => (await import('./pages/rehearse.tsx')).Rehearse,
  playground: async () => (await import('./pages/playground.tsx')).Playground,
  keys: async () => (await import('./pages/keys.tsx')).Keys,
};

const loaded = new Map<string, ComponentType>([['', Now]]);

function Page() {
  const name = path.value.split('/')[1] ?? '';
  const [, setTurn] = useState(0);
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const load = LOADERS[name];
  const Ready = loaded.get(name);
  useEffect(() => {
    if (Ready !== undefined || load === undefined) return;
    load().then(
      (component) => {
        loaded.set(name, component);
        setTurn((turn) => turn + 1);
      },
      () => setFailure(name),
    );
  }, [name]);
  useEffect(() => {
    const page = PAGES.find((one) => one.path === `/${name}`);
    document.title = page === undefined || name === '' ? 'Standin' : `${page.name} · Standin`;
  }, [name]);
  if (Ready !== undefined) return <Ready />;
  if (failure === name)
    return (
      <Empty title="This page could not be loaded">
        <p>The gateway may have been updated since; reload the dashboard.</p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Reload
        </button>
      </Empty>
    );
  if (load !== undefined) return <p class="soft">Loading…</p>;
  return (
    <>
      <Head title="Nothing here" />
      <Empty title={`There is no page ${path.value.slice(0, 80)}`}>
        <a class="button" href="/">
          To the first page
        </a>
      </Empty>
    </>
  );
}

function Nav({ onGo }: { onGo?: () => void }) {
  const name = path.value.split('/')[1] ?? '';
  return (
    <nav class="nav" aria-label="Pages">
      {PAGES.map((page) => (
        <a key={page.path} href={page.path} aria-current={page.path === `/${name}` ? 'page' : undefined} onClick={onGo}>
          <Icon name={page.icon} />
          {page.name}
        </a>
      ))}
    </nav>
  );
}

const CONNECTIONS = {
  connecting: { text: 'Connecting…', shape: 'half', tone: 'idle' },
  live: { text: 'Live', shape: 'dot', tone: 'good' },
  lost: { text: 'Reconnecting…', shape: 'cross', tone: 'bad' },
} as const;

function Connection() {
  const look = CONNECTIONS[connection.value];
  return (
    <div class={`live ${look.tone}`} role="status">
      <StateShape shape={look.shape} />
      {look.text}
    </div>
  );
}

const THEME_TEXT = { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' } as const;
const THEME_ICON = { system: 'half', light: 'sun', dark: 'moon' } as const;

function Tools() {
  return (
    <div class="row">
      <IconButton icon={THEME_ICON[theme.value]} label={`${THEME_TEXT[theme.value]} (change)`} onClick={nextTheme} />
      <IconButton icon="help" label="Keyboard shortcuts" onClick={() => (helpIsOpen.value = true)} />
      <IconButton icon="out" label="End this session" onClick={() => void leave()} />
    </div>
  );
}

async function leave(): Promise<void> {
  try {
    await post('/api/logout');
  } finally {
    disconnect();
    session.value = 'none';
    go('/');
  }
}

function Help() {
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => (helpIsOpen.value = false)}>
      <div class="stack">
        <dl class="shortcuts">
          {SHORTCUTS.map(({ keys, text }) => (
            <div key={keys} class="row between">
              <dt>{text}</dt>
              <dd class="row">
                {keys.split(' ').map((key) => (
                  <kbd key={key}>{key}</kbd>
                ))}
              </dd>
            </div>
          ))}
        </dl>
        <label class="check">
          <input
            type="checkbox"
            checked={lettersAreOn.value}
            onChange={(event) => setLetters(event.currentTarget.checked)}
          />
          Single letters are shortcuts
        </label>
      </div>
    </Dialog>
  );
}

function Shell() {
  const [drawer, setDrawer] = useState(false);
  const name = path.value.split('/')[1] ?? '';
  useEffect(() => {
    connect();
    return disconnect;
  }, []);
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skipTo(event)}>
        Skip to the content
      </a>
      <div class="shell">
        <header class="topbar">
          <IconButton icon="menu" label="Pages" onClick={() => setDrawer(true)} />
          <strong class="grow clip">{PAGES.find((page) => page.path === `/${name}`)?.name ?? 'Standin'}</strong>
          <Connection />
        </header>
        <div class="side">
          <a class="brand" href="/">
            <img src="/icon.svg" alt="" />
            Standin
          </a>
          <Nav />
          <div class="side-foot">
            <Connection />
            <Tools />
          </div>
        </div>
        <main class="main" id="main" tabIndex={-1}>
          <Page />
        </main>
      </div>
      {drawer && <Drawer onClose={() => setDrawer(false)} />}
      {helpIsOpen.value && <Help />}
      <Toasts />
    </>
  );
}

function skipTo(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}

function Drawer({ onClose }: { onClose: () => void }) {
  const open = (box: HTMLDialogElement | null): void => {
    if (box !== null && !box.open) box.showModal();
  };
  return (
    <dialog
      ref={open}
      class="drawer"
      aria-label="Pages"
      onCancel={onClose}
      onClick={(event) => event.target === event.currentTarget && onClose()}
    >
      <div class="row between">
        <span class="brand">
          <img src="/icon.svg" alt="" />
          Standin
        </span>
        <IconButton icon="close" label="Close" onClick={onClose} />
      </div>
      <Nav onGo={onClose} />
      <div class="side-foot">
        <Tools />
      </div>
    </dialog>
  );
}

export function App() {
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const load = (): void => {
    setFailure(undefined);
    ask<SessionAnswer>('/api/session').then(
      (answer) => (session.value = answer),
      (error: unknown) =>
        session.value === 'unknown' && setFailure(error instanceof Error ? error.message : String(error)),
    );
  };
  useEffect(load, []);
  if (failure !== undefined)
    return (
      <Empty title="The gateway does not answer">
        <p>{failure}</p>
        <button type="button" class="button" onClick={load}>
          Try again
        </button>
      </Empty>
    );
  if (session.value === 'unknown') return null;
  return session.value === 'none' ? <Pair /> : <Shell />;
}
