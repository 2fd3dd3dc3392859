import { join } from 'node:path';
import type { Credentials } from './client.ts';

/** Who the terminal interface is to the gateway. */
export interface Access {
  readonly credentials: () => Credentials;
  /** Ends the session that was begun. */
  close(): void;
}

/** A key with the admin right, for a gateway of another home or machine. */
export const KEY_VARIABLE = 'STANDIN_ADMIN_KEY';

/**
 * A key from the environment, else a session of its own in the home that the gateway on this machine runs with: whoever
 * may write there could as well pair a browser. It is ended when the interface is left. `undefined`: there is neither.
 */
export async function openAccess(base: URL, home: string, env: NodeJS.ProcessEnv): Promise<Access | undefined> {
  const key = env[KEY_VARIABLE];
  if (key !== undefined && key !== '') return { credentials: () => ({ authorization: `Bearer ${key}` }), close() {} };
  if (!isLoopback(base.hostname)) return undefined;
  const { createBrowserSessions, csrfTokenOf } = await import('@standin/store/browser-sessions');
  const sessions = createBrowserSessions(join(home, 'browser-sessions.json'));
  const { token, session } = sessions.create('standin ui');
  const port = base.port === '' ? (base.protocol === 'https:' ? '443' : '80') : base.port;
  const credentials = { cookie: `standin_session_${port}=${token}`, 'x-standin-csrf': csrfTokenOf(token) };
  return {
    credentials: () => credentials,
    close() {
      try {
        sessions.revoke(session.id);
      } catch {
        // It ends by itself when it was not used for a week.
      }
    },
  };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
