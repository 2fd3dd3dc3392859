import type { z } from 'zod';

import { deleteAt, valueAt, type ConfigPath, type Tree } from './path.ts';
import { issueAt, type PrepareContext } from './prepare.ts';
import { nearest } from './nearest.ts';
import { configSchema, type ConfigDocument } from './schema/root.ts';
import { nodeAt } from './schema/walk.ts';
import { describeShape } from './typed-value.ts';

/** Rounds of leaving out what is wrong; each round finds what the one before hid. */
const ROUNDS = 5;

/** Checks types and ranges. Every failure is an error at its line; the failing value is left out of the document. */
export function checkSchema(tree: Tree, context: PrepareContext): ConfigDocument {
  for (let round = 0; round < ROUNDS; round++) {
    const result = configSchema.safeParse(tree);
    if (result.success) return result.data;
    // From the back, so that leaving out a list item does not move the ones before it.
    for (const problem of result.error.issues.toReversed()) {
      const path = deepest(problem).path.map(String);
      report(problem, path, tree, context);
      deleteAt(tree, valueAt(tree, path) === undefined ? path.slice(0, -1) : path);
    }
  }
  return {};
}

/** For a value that fits no form of a union, the form that came furthest says most. */
function deepest(problem: z.core.$ZodIssue): { path: readonly PropertyKey[]; message: string } {
  if (problem.code !== 'invalid_union') return problem;
  const inner = problem.errors.flat().filter((candidate) => candidate.path.length > 0);
  const best = inner.toSorted((a, b) => b.path.length - a.path.length)[0];
  return best === undefined ? problem : { path: [...problem.path, ...best.path], message: best.message };
}

function report(problem: z.core.$ZodIssue, path: ConfigPath, tree: Tree, context: PrepareContext): void {
  const node = nodeAt(path);
  const value = valueText(tree, path);
  if (node?.shape.type === 'enum') {
    const near = value === undefined ? undefined : nearest(value, node.shape.values);
    const next = near === undefined ? undefined : `did you mean "${near}"?`;
    issueAt(context, path, 'error', `expected ${describeShape(node)}`, next);
    return;
  }
  switch (problem.code) {
    case 'invalid_type': {
      const isMissing = path.length > 0 && typeOf(tree, path) === 'nothing';
      const wanted = node === undefined ? problem.expected : describeShape(node);
      issueAt(
        context,
        path,
        'error',
        isMissing ? 'required, but missing' : `expected ${wanted}, found ${typeOf(tree, path)}`,
      );
      return;
    }
    case 'too_small':
      issueAt(
        context,
        path,
        'error',
        `too small: expected ${problem.inclusive === false ? 'more than' : 'at least'} ${String(problem.minimum)}${unitOf(problem.origin)}`,
      );
      return;
    case 'too_big':
      issueAt(
        context,
        path,
        'error',
        `too large: expected at most ${String(problem.maximum)}${unitOf(problem.origin)}`,
      );
      return;
    default:
      issueAt(context, path, 'error', node === undefined ? 'not a valid value' : `expected ${describeShape(node)}`);
  }
}

function unitOf(origin: string): string {
  return origin === 'string' ? ' characters' : '';
}

function read(tree: Tree, path: ConfigPath): unknown {
  let node: unknown = tree;
  for (const segment of path) node = (node as Record<string, unknown> | undefined)?.[segment];
  return node;
}

/** Only for enums, whose values are never secret. */
function valueText(tree: Tree, path: ConfigPath): string | undefined {
  const value = read(tree, path);
  return typeof value === 'string' ? value : undefined;
}

function typeOf(tree: Tree, path: ConfigPath): string {
  const value = read(tree, path);
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object') return 'a table';
  if (typeof value === 'string') return 'a string';
  if (typeof value === 'boolean') return String(value);
  return Number.isInteger(value) ? 'a whole number' : 'a fraction';
}
