import { join } from 'node:path';
import type { Log } from '@standin/core/spec/log';
import type { RecordStore } from '@standin/core/route/record';
import { createBrowserSessions, type BrowserSessions } from '@standin/store/browser-sessions';
import type { RequestLog } from '@standin/store/entry';
import type { Keyring } from '@standin/store/keyring';
import { createConfigEditor, type ConfigEditor } from './config/editor.ts';
import type { ConfigHandle } from './config/handle.ts';
import { createRehearsals, type Rehearsals } from './rehearsal.ts';
import { createLivePicture, type LiveSource } from './live/hub.ts';
import { createLiveStream, type LiveStream } from './live/stream.ts';
import { createAttemptLimit, type AttemptLimit } from './attempt-limit.ts';

/** What the admin API works on. Every part can be left out; its routes then say so. */
export interface AdminOptions {
  /** `$STANDIN_HOME`: sessions, the pairing code and earlier configs are kept there. */
  readonly home: string;
  readonly version: string;
  /** Processes that serve. Default 1. */
  readonly workers?: number;
  /** Answers are made up by simulated vendors. */
  readonly simulated?: boolean;
  /** The config in force and its file. Absent: there is nothing to look at or to change. */
  readonly config?: ConfigHandle;
  /** Attempt records that are no longer in memory. */
  readonly records?: RecordStore;
}

/** The admin side of one gateway. */
export interface AdminContext {
  readonly options: AdminOptions;
  readonly sessions: BrowserSessions;
  readonly pairing: { readonly path: string; readonly limit: AttemptLimit };
  readonly keys: Keyring | undefined;
  readonly live: LiveStream;
  readonly editor: ConfigEditor | undefined;
  readonly rehearsals: Rehearsals;
  /** Hears of every finished call. */
  readonly log: RequestLog;
}

/** Where the code for the next browser is kept. */
export function pairingPath(home: string): string {
  return join(home, 'pairing.json');
}

export function createAdminContext(
  options: AdminOptions,
  keys: Keyring | undefined,
  source: Omit<LiveSource, 'workers'> & { readonly log: Log; readonly newId: () => string },
): AdminContext {
  const { home, workers = 1 } = options;
  const { clock } = source;
  const picture = createLivePicture({ ...source, workers });
  return {
    options,
    keys,
    sessions: createBrowserSessions(join(home, 'browser-sessions.json'), clock),
    live: createLiveStream(picture, clock),
    editor: options.config === undefined ? undefined : createConfigEditor(options.config, home, () => clock.wallMs()),
    rehearsals: createRehearsals(clock, source.log, source.newId),
    log: picture,
    pairing: { path: pairingPath(home), limit: createAttemptLimit(clock) },
  };
}
