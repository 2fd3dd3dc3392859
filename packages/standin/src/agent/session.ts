import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isJsonObject } from '@standin/core/spec/json';
import type { Message } from '@standin/core/spec/message';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';

const ROLES: ReadonlySet<unknown> = new Set(['system', 'user', 'assistant', 'tool']);

function isMessage(value: unknown): value is Message {
  if (!isJsonObject(value) || !ROLES.has(value['role'])) return false;
  const content: unknown = value['content'];
  if (typeof content === 'string') return true;
  return Array.isArray(content) && content.every((part) => isJsonObject(part) && typeof part['type'] === 'string');
}

/** The conversation so far; a file that does not exist yet is an empty one. Throws `UsageError`. */
export async function loadSession(path: string): Promise<Message[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UsageError(`--session ${path}: cannot be read (${reasonOf(error)}).`, { cause: error });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--session ${path}: not a session file (it is not JSON).`, { cause: error });
  }
  const messages: unknown = isJsonObject(value) ? value['messages'] : undefined;
  if (!Array.isArray(messages) || !messages.every(isMessage)) {
    throw new UsageError(`--session ${path}: not a session file (no list of messages in it).`);
  }
  return messages;
}

/** Written beside the file and moved over it, so that a kill leaves the old conversation or the new one. */
export async function saveSession(path: string, messages: readonly Message[]): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(draft, `${JSON.stringify({ version: 1, messages }, null, 1)}\n`, { mode: 0o600 });
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw new UsageError(`--session ${path}: cannot be written (${reasonOf(error)}).`, { cause: error });
  }
}
