import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, messageOf, post, session } from '../api/client.ts';
import type { Session, SessionAnswer } from '../api/types.ts';
import { go } from '../router.ts';
import { Notice } from '../ui/parts.tsx';

/** Letters and digits without the dash people may or may not type. */
const cleanCode = (text: string): string =>
  text
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .slice(0, 8);
const shownCode = (code: string): string => (code.length > 4 ? `${code.slice(0, 4)}-${code.slice(4)}` : code);

/** What this browser is called in the list of sessions. */
function browserName(): string {
  const agent = navigator.userAgent;
  const browser = /Firefox/.test(agent)
    ? 'Firefox'
    : /Edg\//.test(agent)
      ? 'Edge'
      : /Chrome/.test(agent)
        ? 'Chrome'
        : /Safari/.test(agent)
          ? 'Safari'
          : 'Browser';
  const system = /Android/.test(agent)
    ? 'Android'
    : /iPhone|iPad/.test(agent)
      ? 'iOS'
      : /Mac/.test(agent)
        ? 'macOS'
        : /Windows/.test(agent)
          ? 'Windows'
          : /Linux/.test(agent)
            ? 'Linux'
            : '';
  return system === '' ? browser : `${browser} on ${system}`;
}

function messageFor(error: unknown): string {
  if (error instanceof ApiError && error.code === 'too_many_attempts')
    return `Too many wrong codes. Wait ${error.retryAfterSeconds ?? 60} seconds, then try again.`;
  return messageOf(error);
}

export function Pair() {
  const [code, setCode] = useState('');
  const [error, setError] = useState<string | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const box = useRef<HTMLInputElement>(null);

  const pair = async (text: string): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await post<{ csrf: string; session: Session }>('/api/pair', {
        code: shownCode(text),
        name: browserName(),
      });
      session.value = { csrf: answer.csrf, session: answer.session, version: '' } satisfies SessionAnswer;
      if (location.pathname === '/pair') go('/', { replace: true });
    } catch (thrown) {
      setError(messageFor(thrown));
      setCode('');
      box.current?.focus();
    } finally {
      setBusy(false);
    }
  };

  useEffect(() => {
    document.title = 'Pair · Standin';
    const given = /^#pair=([\w-]+)$/.exec(location.hash)?.[1];
    if (given === undefined) {
      box.current?.focus();
      return;
    }
    // The code leaves the address bar, so that it stays in no history.
    history.replaceState(null, '', location.pathname);
    setCode(cleanCode(given));
    void pair(cleanCode(given));
  }, []);

  return (
    <main class="pair" id="main">
      <form
        class="panel stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (code.length === 8 && !busy) void pair(code);
        }}
      >
        <div class="brand">
          <img src="/icon.svg" alt="" />
          Standin
        </div>
        <div class="stack tight">
          <h1>Pair this browser</h1>
          <p class="soft">
            The terminal where the gateway runs shows a code that works once, for ten minutes. For a new one:
          </p>
          <code class="command">standin pair</code>
        </div>
        <div class="field">
          <label for="code">Code</label>
          <input
            ref={box}
            id="code"
            class="input code-input mono"
            autocomplete="one-time-code"
            autocapitalize="characters"
            spellcheck={false}
            placeholder="ABCD-EFGH"
            aria-invalid={error !== undefined}
            aria-describedby={error === undefined ? undefined : 'code-error'}
            value={shownCode(code)}
            onInput={(event) => {
              const next = cleanCode(event.currentTarget.value);
              setCode(next);
              event.currentTarget.value = shownCode(next);
            }}
          />
        </div>
        {error !== undefined && (
          <div id="code-error">
            <Notice tone="bad">{error}</Notice>
          </div>
        )}
        <button type="submit" class="button main-action" disabled={code.length !== 8 || busy}>
          {busy ? 'Pairing…' : 'Pair'}
        </button>
      </form>
    </main>
  );
}
