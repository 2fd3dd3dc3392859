import { createTextRedactor } from '../../vendors/classify/redact-text.ts';
import { resolveSlug } from '../../vendors/lookup.ts';
import { isTree, type Tree } from '../path.ts';

export const SECRET_NAME =
  /(^|[_-])(api)?keys?([_-]|$)|token|secret|passw|credential|header|^auth$|authorization|cookie|private|dsn|webhook/i;
const MASK = '***';
/** A shorter text could be part of any word; it is masked only where it stands in quotes. */
const SHORTEST = 6;

/**
 * Replaces everything in a config's text that is or may be a secret, so that the text can be shown: by the names of its
 * keys, and whatever stands at `unknown` keys, which may be a misspelt `api_key`.
 */
export function maskSecrets(text: string, trees: readonly Tree[], unknown: readonly unknown[] = []): string {
  const secrets = new Set<string>();
  for (const tree of trees) collect(tree, false, secrets);
  for (const value of unknown) {
    const found = new Set<string>();
    collect(value, true, found);
    for (const one of found) if (one.length >= SHORTEST && resolveSlug(one) === undefined) secrets.add(one);
  }
  let shown = text;
  for (const secret of [...secrets].toSorted((a, b) => b.length - a.length)) {
    if (/^\$\{[A-Za-z_]\w*\}$/.test(secret)) continue;
    const quoted = JSON.stringify(secret);
    shown = shown.replaceAll(quoted, `"${MASK}"`).replaceAll(`'${secret}'`, `'${MASK}'`);
    if (secret.length >= SHORTEST) shown = shown.replaceAll(secret, MASK);
  }
  shown = shown
    .replaceAll(/(:\/\/)[^/\s"'@]*@/g, `$1${MASK}@`)
    .replaceAll(/([?&][^=&#\s"']+=)[^&#\s"']+/g, `$1${MASK}`);
  // What is written with escapes is not found by its text: values of secret names are masked as they stand.
  shown = shown.replaceAll(
    /^(\s*[#+-]?\s*["']?[\w.-]*(?:api_key|token|secret|password)["']?\s*[=:]\s*)(?!"\$\{)("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w.+-]+)/gim,
    `$1"${MASK}"`,
  );
  const redact = createTextRedactor([]);
  // A reference to a variable is no secret, whatever key it stands at.
  return shown
    .split('\n')
    .map((line) => (/"\$\{[A-Za-z_]\w*\}"/.test(line) ? line : redact(line)))
    .join('\n');
}

function collect(value: unknown, isSecret: boolean, secrets: Set<string>): void {
  if (typeof value === 'string' && isSecret && value !== '') secrets.add(value);
  else if (Array.isArray(value)) for (const item of value) collect(item, isSecret, secrets);
  else if (isTree(value)) {
    for (const [name, item] of Object.entries(value)) collect(item, isSecret || SECRET_NAME.test(name), secrets);
  }
}
