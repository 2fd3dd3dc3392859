import { createHash } from 'node:crypto';
import type { Quirks } from './quirks.ts';

/**
 * Tool-call ids as the target accepts them. A pure function of the id, so a call and its result, and the same id in
 * every later request, always agree.
 */
export function toolCallIdFor(format: Quirks['toolCallIdFormat'], id: string): string {
  switch (format) {
    case 'any':
      return id;
    case 'max40':
      return id.length <= 40 && id !== '' ? id : `call_${digest(id, 'hex').slice(0, 32)}`;
    case 'word64':
      return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : `call_${digest(id, 'hex').slice(0, 32)}`;
    case 'alnum9':
      return /^[A-Za-z0-9]{9}$/.test(id) ? id : digest(id, 'base64url').replace(/[-_]/g, 'x').slice(0, 9);
    default:
      return format satisfies never;
  }
}

/** Names of one request as they are sent, and the way back for the answer. */
export interface ToolNames {
  /** The name to send. */
  sent(name: string): string;
  /** Sent name → the caller's own, only for names that had to change; `undefined` when none had to. */
  restore(): Readonly<Record<string, string>> | undefined;
}

/**
 * Tool names that a wire's pattern accepts. A legal name stays as it is; an illegal one (`mcp.server/tool`) gets its
 * bad characters replaced and, on any doubt, a digest of the whole name, so that two names never become one.
 */
export function createToolNames(legal: RegExp, taken: readonly string[]): ToolNames {
  const keepsHyphen = legal.test('a-b');
  const sentNames = new Map<string, string>();
  const used = new Set(taken.filter((name) => legal.test(name)));
  const changed: Record<string, string> = {};

  const rename = (name: string): string => {
    const plain = name.replace(keepsHyphen ? /[^a-zA-Z0-9_-]/g : /[^a-zA-Z0-9_]/g, '_');
    const short = /^[a-zA-Z_]/.test(plain) ? plain : `_${plain}`;
    const suffix = `_${digest(name, 'hex').slice(0, 8)}`;
    const candidate = short.length <= 64 && !used.has(short) ? short : short.slice(0, 64 - suffix.length) + suffix;
    used.add(candidate);
    changed[candidate] = name;
    return candidate;
  };
  return {
    sent(name) {
      if (legal.test(name)) return name;
      const known = sentNames.get(name);
      if (known !== undefined) return known;
      const fresh = rename(name);
      sentNames.set(name, fresh);
      return fresh;
    },
    restore: () => (sentNames.size === 0 ? undefined : changed),
  };
}

function digest(text: string, encoding: 'hex' | 'base64url'): string {
  return createHash('sha256').update(text).digest(encoding);
}

/** A legal spelling of an id or name that is none of those taken, with as much of the original as can be read. */
export function unusedSpelling(original: string, taken: ReadonlySet<string>): string {
  const readable = original.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').slice(0, 40);
  for (let round = 0; ; round += 1) {
    const digest = createHash('sha256').update(`${round}|${original}`).digest('hex').slice(0, 12);
    const made = `${readable}_${digest}`;
    if (!taken.has(made)) return made;
  }
}
