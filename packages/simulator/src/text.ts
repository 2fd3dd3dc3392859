import { seededRandom } from './random.ts';

// Some words leave ASCII on purpose: cuts inside a character must show up in the tests of whoever reads this text.
const WORDS = (
  'the a river carries small boats over quiet water while morning light moves through tall grass and somewhere ' +
  'an old bridge holds its breath café naïve 東京 señor über déjà 🌍 people talk about weather bread paper winter ' +
  'machines letters numbers stones and garden paths that turn back towards home before evening rain begins again'
).split(' ');

/** Sentences of made-up prose, always the same for the same seed. */
export function generateText(seed: number, words: number): string {
  const random = seededRandom(seed);
  let text = '';
  let inSentence = 0;
  for (let i = 0; i < words; i++) {
    const word = WORDS[Math.floor(random() * WORDS.length)] ?? 'the';
    const last = i === words - 1 || (inSentence >= 4 && random() < 0.15);
    text += (i === 0 ? '' : ' ') + (inSentence === 0 ? capital(word) : word) + (last ? '.' : '');
    inSentence = last ? 0 : inSentence + 1;
  }
  return text;
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** Pieces whose concatenation is the text: of `size` characters, or one word with its leading space each. */
export function pieces(text: string, size: number | undefined): string[] {
  if (size === undefined) return text.match(/\s*\S+|\s+$/gu) ?? [];
  const result: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = wholeCharacters(text, Math.min(text.length, at + Math.max(1, size)));
    const next = end > at ? end : at + 2;
    result.push(text.slice(at, next));
    at = next;
  }
  return result;
}

/** The same place, moved back by one when it would stand inside a surrogate pair. */
export function wholeCharacters(text: string, at: number): number {
  const before = text.charCodeAt(at - 1);
  const after = text.charCodeAt(at);
  return at > 0 && before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff ? at - 1 : at;
}

/** `*` stands for any run of characters, everything else for itself. */
export function matchesPattern(pattern: string, value: string): boolean {
  if (!pattern.includes('*')) return pattern === value;
  const source = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`, 's').test(value);
}
