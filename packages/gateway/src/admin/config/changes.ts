import { z } from 'zod';
import { EditError } from '@standin/core/config/edit/toml-edit';
import { aliasPath, renaming, setting, unsetting, type TextChange } from '@standin/core/config/edit/edit-config';
import { keyProblem } from '@standin/core/config/key-text';
import { formatPath, parsePath } from '@standin/core/config/path';
import { nodeAt, type FieldNode } from '@standin/core/config/schema/walk';
import { seal } from '@standin/core/config/secrets/sealed';
import { sealingKey } from '@standin/core/config/secrets/sealing-key';
import { describeShape, typedValue } from '@standin/core/config/typed-value';
import type { Environment } from '@standin/core/config/expand';
import { AdminError } from '../route.ts';

const path = z.string().min(1).max(1_000);
const value = z.unknown().describe('any JSON but null');

export const CHANGE = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('set'), path, value }),
  z.strictObject({ op: z.literal('unset'), path }),
  z.strictObject({ op: z.literal('rename'), path, alias: z.string().min(1).max(100) }),
  z.strictObject({ op: z.literal('create'), path, fields: z.record(z.string().min(1).max(100), value) }),
]);
export type Change = z.output<typeof CHANGE>;

/** What it takes to seal a secret before it is written. */
export interface Sealing {
  readonly env: Environment;
  readonly configFile: string;
}

/** Several changes as one edit of the text. `sealing` absent: only to be looked at, secrets as they are. Throws `AdminError` 400 for one that makes no sense whatever the file says. */
export function editOf(changes: readonly Change[], sealing: Sealing | undefined): TextChange {
  const edits = changes.flatMap((change) => editsOf(change, sealing));
  return (text) => edits.reduce((result, edit) => edit(result), text);
}

/** For people, without values. */
export function summaryOf(change: Change): string {
  switch (change.op) {
    case 'rename':
      return `rename ${change.path} to ${change.alias}`;
    default:
      return `${change.op} ${change.path}`;
  }
}

function editsOf(change: Change, sealing: Sealing | undefined): TextChange[] {
  const at = parsePath(change.path);
  if (at.length === 0) throw wrong(change.path, 'names no place in a config');
  switch (change.op) {
    case 'set':
      return [setEdit(at, change.value, sealing)];
    case 'unset':
      return [unsetting(at)];
    case 'rename':
      checkAlias(at);
      checkName(change.alias);
      return [renaming(at, change.alias)];
    case 'create': {
      checkAlias(at);
      checkName(at.at(-1) ?? '');
      const fields = Object.entries(change.fields);
      if (fields.length === 0) throw wrong(change.path, 'needs one field at least');
      return [missing(at), ...fields.map(([name, item]) => setEdit([...at, name], item, sealing))];
    }
  }
}

/** Creating is not changing. */
function missing(at: readonly string[]): TextChange {
  return (text) => {
    // Taking it away changes nothing exactly when it is not there.
    if (unsetting(at)(text) !== text) throw new EditError(`${formatPath(at)} exists already`);
    return text;
  };
}

function checkAlias(at: readonly string[]): void {
  try {
    aliasPath(at);
  } catch (error) {
    if (error instanceof EditError) throw new AdminError(400, 'invalid_request', `${error.message}.`);
    throw error;
  }
}

function checkName(name: string): void {
  if (!/^[\w-]+$/.test(name))
    throw new AdminError(400, 'invalid_request', 'An alias is made of letters, digits, "-" and "_".');
}

function setEdit(at: readonly string[], given: unknown, sealing: Sealing | undefined): TextChange {
  const shown = formatPath(at);
  const node = nodeAt(at);
  if (node === undefined) throw wrong(shown, 'is no path of the config');
  const { shape } = node;
  const isSection =
    shape.type === 'object' || (shape.type === 'record' && ['object', 'record'].includes(shape.value.shape.type));
  if (isSection) throw wrong(shown, 'is a table; set its fields');
  if (given === null || given === undefined) throw wrong(shown, 'needs a value; unset it to take it away');
  return setting(at, node.meta.secret === true ? sealed(shown, given, node, sealing) : plain(shown, given, node));
}

/** A value as JSON has it, or as text from a form. */
function plain(shown: string, given: unknown, node: FieldNode): unknown {
  if (typeof given !== 'string') return given;
  if (shown.endsWith('uri') && given.includes('…')) throw wrong(shown, 'is masked where it is shown; write it whole');
  // A reference is resolved when the file is read, whatever its field's type.
  if (/^\$\{[^}]+\}$/.test(given)) return given;
  const typed = typedValue(given, node);
  if ('expected' in typed) throw wrong(shown, `must be ${describeShape(node)}`);
  return typed.value;
}

/** References and sealed forms give nothing away; they are stored as they are. */
const REFERENCE = /^\$\{[^}]+\}$|^op:\/\/|^enc2:|^ENC\[/;

function sealed(shown: string, given: unknown, node: FieldNode, sealing: Sealing | undefined): unknown {
  if (Array.isArray(given) && node.shape.type === 'array') return given.map((one) => sealedText(shown, one, sealing));
  if (typeof given === 'object' && given !== null && !Array.isArray(given) && node.shape.type === 'record')
    return Object.fromEntries(
      Object.entries(given).map(([name, one]) => [name, sealedText(`${shown}.${name}`, one, sealing)]),
    );
  if (node.shape.type === 'array') return [sealedText(shown, given, sealing)];
  return sealedText(shown, given, sealing);
}

function sealedText(shown: string, given: unknown, sealing: Sealing | undefined): string {
  const text = typeof given === 'string' ? given.trim() : '';
  if (text === '') throw wrong(shown, 'is a secret and needs a text');
  if (REFERENCE.test(text)) return text;
  const problem = keyProblem(text);
  if (problem !== undefined) throw new AdminError(400, 'invalid_request', `The value for ${shown} ${problem}.`);
  return sealing === undefined ? text : seal(text, sealingKey(sealing).key);
}

function wrong(shown: string, why: string): AdminError {
  return new AdminError(400, 'invalid_request', `${shown.slice(0, 200)} ${why}.`);
}
