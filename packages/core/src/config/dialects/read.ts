import type { Environment } from '../expand.ts';
import { pathKey, valueAt, type ConfigPath, type Tree } from '../path.ts';
import type { OriginOf } from '../prepare.ts';
import type { LineIndex } from '../toml-index.ts';
import type { Conversion, Finding } from './conversion.ts';
import type { Dialect } from './detect.ts';
import type { ParsedFile } from './native.ts';
import { applyDialectVariables, type VariableProblem } from './variables.ts';
import { readRates } from './v3-rates.ts';
import { noteV3Differences } from './v3-differences.ts';
import { convertV1 } from './v1.ts';
import { convertV2 } from './v2.ts';
import { convertZeptoClaw } from './zeptoclaw.ts';

/** A file of any dialect as a native tree. */
export interface NativeSource {
  readonly dialect: Dialect;
  readonly tree: Tree;
  /** Lines by the path in the file itself. */
  readonly index: LineIndex;
  /** From a native path to the path in the file. Absent: they are the same. */
  readonly origin?: OriginOf;
  /** About the keys of the file, by its own paths. */
  readonly findings: readonly (Finding & { readonly variable?: string })[];
  /** Variables of the dialect that hold no value of their type. */
  readonly problems: readonly VariableProblem[];
}

/** Reads a parsed file into the native shape, with the variables that its own program would have read. */
export function readNative(parsed: ParsedFile, env: Environment): NativeSource {
  const { dialect, index } = parsed;
  const { tree, variables, problems } = applyDialectVariables(parsed.tree, dialect, env);
  const conversion = convert(tree, dialect);
  const variableOf = (path: ConfigPath): string | undefined => {
    for (let length = path.length; length > 0; length--) {
      const name = variables.get(pathKey(path.slice(0, length)));
      if (name !== undefined) return name;
    }
    return undefined;
  };
  const origin: OriginOf = (path) => {
    const from = conversion.originOf(path) ?? (valueAt(tree, path) === undefined ? undefined : path);
    if (from === undefined) return undefined;
    const variable = variableOf(from);
    return { path: from, ...(variable === undefined ? {} : { variable }) };
  };
  const findings = conversion.findings.map((finding) => {
    const variable = variableOf(finding.path);
    return variable === undefined ? finding : { ...finding, variable };
  });
  return { dialect, tree: conversion.tree, index, origin, findings, problems };
}

/** The native tree of a file and what became of each of its keys. */
export function convert(tree: Tree, dialect: Dialect): Conversion {
  switch (dialect) {
    case 'zeroclaw-v1':
    case 'fallback-guide':
      return convertV1(tree);
    case 'zeroclaw-v2':
      return convertV2(tree);
    case 'zeptoclaw':
      return convertZeptoClaw(tree);
    case 'native': {
      const rates = readRates(tree);
      return {
        tree: rates.tree,
        findings: noteV3Differences(tree),
        fates: [],
        originOf: (path) => rates.origins.get(pathKey(path)) ?? path,
      };
    }
  }
}
