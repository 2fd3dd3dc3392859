import type { Secret } from '../spec/secret.ts';

const MIN_LENGTH = 4;
const MIN_ECHO = 8;

const known = new WeakMap<Secret, readonly string[]>();

/** The forms in which a secret's value may stand in a text. Secrets under 4 characters have none. */
export function variantsOf(secret: Secret): readonly string[] {
  let variants = known.get(secret);
  if (variants === undefined) {
    variants = buildVariants(secret.reveal().trim());
    known.set(secret, variants);
  }
  return variants;
}

function buildVariants(value: string): readonly string[] {
  if (value.length < MIN_LENGTH) return [];
  const variants = new Set([value]);
  const percent = encodeURIComponent(value.toWellFormed());
  variants.add(percent).add(percent.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()));
  variants.add(percent.replaceAll('%20', '+'));
  const json = JSON.stringify(value).slice(1, -1);
  variants.add(json).add(json.replaceAll('/', '\\/'));
  for (const text of base64Forms(value)) variants.add(text);
  return [...variants];
}

/** Base64 of the value wherever it may begin in the encoded text (`user:key`), without the characters it shares. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms: string[] = [];
  for (const shift of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const whole = text.slice(shift === 0 ? 0 : shift + 1, (bytes.length + shift) % 3 === 0 ? undefined : -1);
    if (whole.length < MIN_ECHO) continue;
    forms.push(whole, whole.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

const MASKED = /^(?:\*+|•+|…|\.{3,}|x{3,}|X{3,}|#{3,})[A-Za-z0-9_-]*/;

/**
 * Removes beginnings and ends of a secret, 8 characters or more, as vendors echo them ("sk-abcd1234****"). A bare word
 * like "password" that a key happens to begin with stays, unless it is followed by a mask or more of the key.
 */
export function removeEcho(text: string, secret: Secret, replacement: string): string {
  const value = secret.reveal().trim();
  if (value.length <= MIN_ECHO) return text;
  return removeEnds(removeStarts(text, value, replacement), value, replacement);
}

function removeStarts(text: string, value: string, replacement: string): string {
  const start = value.slice(0, MIN_ECHO);
  let result = '';
  let from = 0;
  for (let at = text.indexOf(start); at >= 0; at = text.indexOf(start, from)) {
    let end = at + MIN_ECHO;
    while (end < text.length && end - at < value.length && text[end] === value[end - at]) end += 1;
    const mask = MASKED.exec(text.slice(end, end + value.length + 80))?.[0] ?? '';
    const telling = mask !== '' || isTelling(text.slice(at, end));
    result += text.slice(from, at) + (telling ? replacement : text.slice(at, end));
    from = telling ? end + mask.length : end;
  }
  return result + text.slice(from);
}

function removeEnds(text: string, value: string, replacement: string): string {
  const ending = value.slice(-MIN_ECHO);
  let result = text;
  for (let at = result.lastIndexOf(ending); at >= 0; at = at === 0 ? -1 : result.lastIndexOf(ending, at - 1)) {
    const end = at + MIN_ECHO;
    let begin = at;
    while (begin > 0 && end - begin < value.length && result[begin - 1] === value[value.length - 1 - (end - begin)]) {
      begin -= 1;
    }
    if (isTelling(result.slice(begin, end))) result = result.slice(0, begin) + replacement + result.slice(end);
    at = begin;
  }
  return result;
}

function isTelling(part: string): boolean {
  return part.length >= 12 || /\d/.test(part) || /[a-z][A-Z]/.test(part);
}
