import { existsSync } from 'node:fs';

import { readConfigFile } from '../files.ts';
import { ConfigError, formatIssue, type Issue } from '../issue.ts';
import { loadConfigText, type LoadOptions } from '../load.ts';
import { formatPath, type ConfigPath } from '../path.ts';
import { SCHEMA_VERSION } from '../schema/root.ts';
import { nodeAt } from '../schema/walk.ts';
import { withFileLock } from './file-lock.ts';
import { renameReferences } from './references.ts';
import { EditError, renameToml, setToml, unsetToml } from './toml-edit.ts';
import { removeLeftovers, writeWhole } from './write-whole.ts';

/** A temporary file this old belongs to a writer that was killed. */
const LEFTOVER_MS = 60_000;

/** What is done to the text of a config; text in, text out. */
export type TextChange = (text: string) => string;

export interface EditOptions extends LoadOptions {
  /** The place that is edited: an error there is always the edit's own. */
  readonly at?: ConfigPath;
  /** An entry that lacks something yet is refused too. Default false: it is told. */
  readonly isStrict?: boolean;
}

export interface EditOutcome {
  readonly changed: boolean;
  readonly created: boolean;
  /** Findings that the change brought; it was made all the same. */
  readonly warnings: readonly Issue[];
}

/** A list by the schema, so that `model_routes.0.hint` makes an item and not a table named `0`. */
export const isListPath = (path: ConfigPath): boolean => path.length > 0 && nodeAt(path)?.shape.type === 'array';

export const setting =
  (path: ConfigPath, value: unknown): TextChange =>
  (text) =>
    setToml(text, path, value, { isList: isListPath });

export const unsetting =
  (path: ConfigPath): TextChange =>
  (text) =>
    unsetToml(text, path);

/** Gives an entry or an agent another alias; every reference to it follows. */
export const renaming =
  (path: ConfigPath, alias: string): TextChange =>
  (text) =>
    renameToml(renameReferences(text, path, alias), path, alias);

/** What a change would do to a text. */
export interface TriedEdit {
  /** Absent: the change cannot be made at all. */
  readonly after?: string;
  /** Why it is refused; empty: it may be made. */
  readonly errors: readonly Issue[];
  /** Findings that it brings. */
  readonly warnings: readonly Issue[];
}

/** Makes a change in memory. The new text must load without an error that the old one did not have. */
export function tryEdit(before: string, file: string, change: TextChange, options: EditOptions = {}): TriedEdit {
  const old = loadConfigText(before, file, options);
  if (old.dialect !== 'native') {
    const suggestion = 'convert it first: standin config migrate';
    const message = 'only the native dialect is edited in place';
    return { errors: [{ level: 'error', file, message, suggestion }], warnings: [] };
  }
  let after: string;
  try {
    after = change(before);
  } catch (cause) {
    if (!(cause instanceof EditError)) throw cause;
    return { errors: [{ level: 'error', file, message: cause.message }], warnings: [] };
  }
  const next = loadConfigText(after, file, options);
  const known = new Set([...old.report.errors, ...old.report.warnings].map(identity));
  const isNew = (issue: Issue): boolean => !known.has(identity(issue));
  const found = next.report.errors.filter(isNew);
  const errors = found.filter((issue) => options.isStrict === true || !isUnfinished(issue, options.at));
  const warnings = [...found.filter((issue) => !errors.includes(issue)), ...next.report.warnings.filter(isNew)];
  return { after, errors, warnings };
}

/**
 * Changes a config file as a whole, under its lock: what another process wrote in the meantime is kept. The new text
 * must load without an error that the old one did not have; else the file stays as it is and `ConfigError` is thrown.
 * A file that is not there begins with `schema_version`.
 */
export async function editConfigFile(
  file: string,
  change: TextChange,
  options: EditOptions = {},
): Promise<EditOutcome> {
  return withFileLock(file, () => {
    const created = !existsSync(file);
    const before = created ? `schema_version = ${SCHEMA_VERSION}\n` : readConfigFile(file);
    const { after, errors, warnings } = tryEdit(before, file, change, options);
    if (after === undefined) throw new ConfigError(errors);
    if (after === before && !created) return { changed: false, created, warnings: [] };
    if (errors.length > 0) {
      throw new ConfigError(errors.map((issue) => ({ ...issue, message: `not changed: ${issue.message}` })));
    }
    writeWhole(file, after);
    if (!created) removeLeftovers(file, LEFTOVER_MS, Date.now());
    return { changed: true, created, warnings };
  });
}

/**
 * An entry is written field by field: that it lacks its key or address yet is told, but does not stop the next field.
 * A value that makes its own entry unusable does.
 */
function isUnfinished({ path = '', message }: Issue, at: ConfigPath | undefined): boolean {
  const isOwn = at !== undefined && path === formatPath(at);
  return !isOwn && /^(cannot be used: |required, but missing|a route needs )/.test(message);
}

/** The same finding on another line is the same finding. */
function identity({ level, path = '', message }: Issue): string {
  return formatIssue({ level, path, message });
}

/** Where an alias stands: `providers.models.<type>.<alias>` or `agents.<alias>`. Throws `EditError` for another place. */
export function aliasPath(path: ConfigPath): 'entry' | 'agent' {
  if (path.length === 4 && path[0] === 'providers' && path[1] === 'models') return 'entry';
  if (path.length === 2 && path[0] === 'agents') return 'agent';
  throw new EditError(`${formatPath(path)} has no alias: name providers.models.<type>.<alias> or agents.<alias>`);
}
