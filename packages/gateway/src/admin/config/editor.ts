import { existsSync } from 'node:fs';
import { editConfigFile, tryEdit, type TextChange } from '@standin/core/config/edit/edit-config';
import { withFileLock } from '@standin/core/config/edit/file-lock';
import { writeWhole } from '@standin/core/config/edit/write-whole';
import { readConfigFile } from '@standin/core/config/files';
import { ConfigError, type Issue } from '@standin/core/config/issue';
import type { JsonObject } from '@standin/core/spec/json';
import { AdminError, unavailable } from '../route.ts';
import { editOf, summaryOf, type Change } from './changes.ts';
import type { ConfigHandle } from './handle.ts';
import { createConfigHistory, type ConfigHistory } from './history.ts';
import { hashOf, maskedDiff, shownIssue } from './show.ts';

export interface Applied {
  readonly changed: boolean;
  readonly issues: readonly Issue[];
  readonly diff: string;
  readonly hash: string;
  readonly undo: string | null;
}

/** Looks at and changes the config file of a running gateway. One change at a time. */
export interface ConfigEditor {
  /** Absolute path, and the text as it stands; why it cannot be edited. */
  read(): { readonly file: string | undefined; readonly text: string; readonly notEditable: string | undefined };
  check(changes: readonly Change[]): Omit<Applied, 'undo'> & { readonly ok: boolean };
  /** `summary` is derived; `hash`: of the text that the change is meant for. */
  apply(changes: readonly Change[], hash: string): Promise<Applied>;
  undo(id: string, hash: string): Promise<Applied>;
  readonly history: ConfigHistory | undefined;
}

export function createConfigEditor(handle: ConfigHandle, home: string, now: () => number): ConfigEditor {
  let queue: Promise<unknown> = Promise.resolve();
  /** Two pages that apply at the same time: the second finds a file that is no longer the one it was shown. */
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const next = queue.then(run, run);
    queue = next.catch(() => {});
    return next;
  };
  const fileOf = (): string => {
    const { file, notEditable } = read();
    if (file === undefined || notEditable !== undefined) throw new AdminError(404, 'unavailable', notEditable ?? '');
    return file;
  };
  const read = (): ReturnType<ConfigEditor['read']> => {
    const { file, dialect } = handle.current();
    if (file === undefined) return { file, text: '', notEditable: NO_FILE };
    const text = existsSync(file) ? readConfigFile(file) : '';
    return { file, text, notEditable: dialect === 'native' ? undefined : OTHER_DIALECT };
  };
  const editing = (changes: readonly Change[], file: string): TextChange =>
    editOf(changes, { env: handle.load().env ?? process.env, configFile: file });

  /** Writes, takes into force, and takes back what the gateway then refuses. */
  const write = async (change: TextChange, hash: string, summary: readonly string[] | undefined): Promise<Applied> => {
    const file = fileOf();
    const refusedBefore = await handle.reload();
    let before = '';
    let after = '';
    const guarded: TextChange = (text) => {
      if (hashOf(text) !== hash) throw changedMeanwhile();
      before = text;
      after = change(text);
      return after;
    };
    const outcome = await editConfigFile(file, guarded, { ...handle.load(), isStrict: true }).catch(refuse);
    if (!outcome.changed) return { changed: false, issues: [], diff: '', hash, undo: null };
    const refused = await handle.reload();
    if (refused !== undefined && refusedBefore === undefined) {
      await withFileLock(file, () => {
        if (readConfigFile(file) === after) writeWhole(file, before);
      });
      await handle.reload();
      throw new AdminError(422, 'config_refused', `The gateway cannot use that config: ${refused}`, NO_ISSUES);
    }
    const edit =
      summary === undefined ? undefined : editor.history?.add({ at: now(), summary, before, after: hashOf(after) });
    const diff = maskedDiff(before, after, file);
    return { changed: true, issues: outcome.warnings, diff, hash: hashOf(after), undo: edit?.id ?? null };
  };

  const editor: ConfigEditor = {
    read,
    check(changes) {
      const file = fileOf();
      const { text } = read();
      const tried = tryEdit(text, file, editOf(changes, undefined), { ...handle.load(), isStrict: true });
      const after = tried.after ?? text;
      return {
        ok: tried.errors.length === 0,
        changed: after !== text,
        issues: [...tried.errors, ...tried.warnings],
        diff: maskedDiff(text, after, file),
        hash: hashOf(text),
      };
    },
    apply: (changes, hash) => inTurn(async () => write(editing(changes, fileOf()), hash, changes.map(summaryOf))),
    undo: (id, hash) =>
      inTurn(async () => {
        const [newest] = editor.history?.list() ?? [];
        if (newest?.id !== id) throw new AdminError(409, 'not_undoable', 'Only the newest edit can be undone.');
        if (newest.after !== hash) throw changedMeanwhile();
        const applied = await write(() => newest.before, hash, undefined);
        editor.history?.remove(id);
        return applied;
      }),
    get history() {
      const { file } = handle.current();
      return file === undefined ? undefined : createConfigHistory(home, file);
    },
  };
  return editor;
}

export function editorOf(editor: ConfigEditor | undefined): ConfigEditor {
  if (editor === undefined) throw unavailable('a config that can be looked at');
  return editor;
}

const NO_FILE =
  'There is no config file: "standin init" writes one; start the gateway with it (or with --config) to edit it here.';
const OTHER_DIALECT = 'Only the native dialect is edited here; "standin config migrate" converts the file first.';
const NO_ISSUES: { readonly extra: JsonObject } = { extra: { issues: [] } };

function changedMeanwhile(): AdminError {
  return new AdminError(
    409,
    'config_changed',
    'The config file is no longer the one that this edit was made for; load it again.',
  );
}

function refuse(error: unknown): never {
  if (!(error instanceof ConfigError)) throw error;
  const extra = { issues: error.issues.map(shownIssue) };
  const [first] = error.issues;
  throw new AdminError(422, 'config_refused', `The edit is refused: ${first?.message ?? 'it cannot be used'}`, {
    extra,
  });
}
