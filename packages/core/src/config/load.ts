import { isAbsolute, relative, resolve } from 'node:path';

import { WIRE_IDS, type WireId } from '../spec/wire-id.ts';
import { assemble } from './assemble.ts';
import { buildDefaults, type BuildDefaults } from './build-defaults.ts';
import { checkReferences } from './checks.ts';
import { withCostLimits } from './cost-limits.ts';
import { checkSchema } from './check-schema.ts';
import { parseConfigText, type ParsedFile } from './dialects/native.ts';
import { readNative, type NativeSource } from './dialects/read.ts';
import { dialectOfEnvironment } from './dialects/variables.ts';
import { treeFromEnvironment, type FoundEntry } from './environment.ts';
import type { Environment } from './expand.ts';
import { findConfigFile, readConfigFile } from './files.ts';
import { applyFlags, type FlagOverride } from './flags.ts';
import { checkHonoured } from './honours.ts';
import { ConfigError, IssueList } from './issue.ts';
import type { Config } from './model.ts';
import { applyEnvironment } from './overrides.ts';
import { formatPath, isTree, valueAt, type Tree } from './path.ts';
import { issueAt, prepare, type PrepareContext } from './prepare.ts';
import { SCHEMA_VERSION } from './schema/root.ts';
import { createSecretOpener, type SecretOpener } from './secrets/opener.ts';
import { SourceMap } from './source.ts';
import type { LineIndex } from './toml-index.ts';

export interface LoadOptions {
  /** `--config PATH`. */
  readonly configPath?: string;
  /** Default `process.env`. */
  readonly env?: Environment;
  /** Default `process.cwd()`. */
  readonly cwd?: string;
  /** Values of command flags; they win over everything. */
  readonly flags?: readonly FlagOverride[];
  /** Wires the program can speak; an entry of another one cannot be used. Default: all. */
  readonly wires?: Iterable<WireId>;
  /** Default: what was set while the package was built. */
  readonly build?: BuildDefaults;
  /** Entries to use when there is no file: local servers that answered. They come after the vendors with a key. */
  readonly found?: readonly FoundEntry[];
  /** Opens encrypted values and references. Default: with the key files beside the config and in `$STANDIN_HOME`. */
  readonly secrets?: SecretOpener;
}

/**
 * Finds, reads and checks the config. Never stops at the first finding: look at `report`, and start nothing when it has
 * errors (`assertUsable`). Without a file, entries are made from the vendor keys in the environment.
 * Throws `ConfigError` when there is no such file, it cannot be read, or it is no TOML at all.
 */
export function loadConfig(options: LoadOptions = {}): Config {
  const env = options.env ?? process.env;
  const cwd = options.cwd ?? process.cwd();
  const found = findConfigFile({
    ...(options.configPath === undefined ? {} : { configPath: options.configPath }),
    env,
    cwd,
  });
  if (found === undefined) return build(undefined, undefined, env, options);
  const name = shownPath(found.path, cwd);
  return build(parseConfigText(readConfigFile(found.path), name), { path: found.path, name }, env, options);
}

/** The same for a text that is already in memory (an editor's buffer, a test). `file` is the name findings carry. */
export function loadConfigText(text: string, file: string, options: LoadOptions = {}): Config {
  return build(parseConfigText(text, file), { path: file, name: file }, options.env ?? process.env, options);
}

/** A config without a file: overrides, else entries for every vendor whose key stands in the environment. */
export function configFromEnvironment(
  env: Environment,
  options: Omit<LoadOptions, 'configPath' | 'env' | 'cwd'> = {},
): Config {
  return build(undefined, undefined, env, options);
}

/** Throws `ConfigError` with every error of the report. */
export function assertUsable(config: Config): Config {
  if (config.report.errors.length > 0) throw new ConfigError(config.report.errors);
  return config;
}

function build(
  parsed: ParsedFile | undefined,
  file: { readonly path: string; readonly name: string } | undefined,
  env: Environment,
  options: LoadOptions,
): Config {
  const issues = new IssueList();
  const sources = new SourceMap();
  const secrets =
    options.secrets ?? createSecretOpener({ env, ...(file === undefined ? {} : { configFile: resolve(file.path) }) });
  const source = nativeSource(parsed, env);
  const context: PrepareContext = {
    file: file?.name,
    index: source === undefined ? undefined : indexByOrigin(source),
    ...(source?.origin === undefined ? {} : { origin: source.origin }),
    env,
    sources,
    issues,
    secrets,
  };
  const wires = new Set<WireId>(options.wires ?? WIRE_IDS);
  const defaults = options.build ?? buildDefaults;
  let tree: Tree = source?.tree ?? {};
  if (source !== undefined) reportFindings(source, file?.name, issues);
  applyEnvironment(tree, env, sources, issues);
  applyFlags(tree, options.flags ?? [], sources, issues);
  const implicit = !hasEntries(tree);
  if (implicit) tree = { ...tree, ...treeFromEnvironment(env, defaults, wires, options.found) };
  const document = withCostLimits(checkSchema(prepare(tree, context), context), context);
  checkVersion(document.schema_version, context);
  const assembled = assemble(document, { env, wires, build: defaults, secrets }, implicit);
  checkReferences(assembled, context);
  for (const entry of assembled.entries.values()) checkHonoured(entry, wires, context);
  if (implicit && file !== undefined) {
    const found = [...assembled.entries.keys()].join(', ');
    const instead = found === '' ? '' : `; taken from the keys in the environment: ${found}`;
    issueAt(context, [], 'warning', `the config has no [providers.models.<type>.<alias>] entry${instead}`);
  }
  return {
    ...(file === undefined ? {} : { file: file.path }),
    dialect: file === undefined ? 'environment' : (parsed?.dialect ?? 'native'),
    ...assembled,
    sources,
    report: issues.report(),
  };
}

/** The file in native shape; without one, the variables of a program that say which provider to use. */
function nativeSource(parsed: ParsedFile | undefined, env: Environment): NativeSource | undefined {
  if (parsed !== undefined) return readNative(parsed, env);
  const dialect = dialectOfEnvironment(env);
  return dialect === undefined ? undefined : readNative({ dialect, tree: {}, index: { lineOf: () => undefined } }, env);
}

/** Lines by native path: where the key of the file that it came from stands. */
function indexByOrigin({ index, origin }: NativeSource): LineIndex {
  if (origin === undefined) return index;
  return {
    lineOf(path) {
      const from = origin(path);
      return from === undefined || from.variable !== undefined ? undefined : index.lineOf(from.path);
    },
  };
}

function reportFindings(source: NativeSource, file: string | undefined, issues: IssueList): void {
  for (const { level, path, message, suggestion, variable } of source.findings) {
    const line = variable === undefined ? source.index.lineOf(path) : undefined;
    issues.add({
      level,
      message: variable === undefined ? message : `${message} (set by ${variable})`,
      ...(file === undefined || variable !== undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      path: formatPath(path),
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
  for (const { name, expected, path } of source.problems) {
    const message = `the environment variable ${name} must hold ${expected}`;
    issues.add({ level: 'error', path: formatPath(path), message });
  }
}

function hasEntries(tree: Tree): boolean {
  const models = valueAt(tree, ['providers', 'models']);
  return isTree(models) && Object.values(models).some((aliases) => isTree(aliases) && Object.keys(aliases).length > 0);
}

function checkVersion(version: number | undefined, context: PrepareContext): void {
  if (version === undefined || version === SCHEMA_VERSION) return;
  const path = ['schema_version'];
  if (version > SCHEMA_VERSION) {
    const message = `this file is of generation ${version}, but this version reads up to ${SCHEMA_VERSION}`;
    issueAt(context, path, 'error', message, 'use a newer Standin');
  } else issueAt(context, path, 'warning', `read as generation ${SCHEMA_VERSION}, though it says ${version}`);
}

/** Short names read better: relative below the working directory, absolute elsewhere. */
function shownPath(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
