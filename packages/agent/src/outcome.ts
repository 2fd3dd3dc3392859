import { isJsonObject, type JsonValue } from '@standin/core/spec/json';
import type { ToolOutcome } from './tool.ts';

/** Characters of a tool's text that a model is given; the middle of a longer one is left out. */
export const MOST_RESULT_CHARS = 60_000;
/** Base64 characters of an image that is passed on; vendors take about 5 MB. */
const MOST_IMAGE_CHARS = 7_000_000;
const HEAD_SHARE = 0.7;

/** Whatever a tool returned, as parts of bounded size. */
export function outcomeOf(value: ToolOutcome | JsonValue | undefined, mostChars = MOST_RESULT_CHARS): ToolOutcome {
  if (!isOutcome(value)) return { content: shorten(textOf(value), mostChars) };
  const { content, isError } = value;
  if (typeof content === 'string') return { content: shorten(content, mostChars), isError };
  let left = mostChars;
  const parts = content.map((part) => {
    if (part.type === 'text') {
      const text = shorten(part.text, Math.max(200, left));
      left -= text.length;
      return { ...part, text };
    }
    const { source } = part;
    if (source.type !== 'base64' || source.data.length <= MOST_IMAGE_CHARS) return part;
    return {
      type: 'text' as const,
      text: `(${source.mediaType} of ${source.data.length} characters left out: too large)`,
    };
  });
  return { content: parts.length === 0 ? '(no output)' : parts, isError };
}

function isOutcome(value: unknown): value is ToolOutcome {
  if (!isJsonObject(value) || !('content' in value)) return false;
  const { content } = value;
  if (typeof content === 'string') return Object.keys(value).every((key) => key === 'content' || key === 'isError');
  return Array.isArray(content) && content.every((part) => isJsonObject(part) && typeof part['type'] === 'string');
}

function textOf(value: JsonValue | undefined): string {
  if (value === undefined || value === '') return '(no output)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The beginning and the end of a long text; what stands between is counted, so that the model knows. */
export function shorten(text: string, mostChars: number): string {
  const sound = text.toWellFormed().replaceAll('\u0000', '\uFFFD');
  if (sound.length <= mostChars) return sound;
  const head = Math.floor(mostChars * HEAD_SHARE);
  const tail = mostChars - head;
  const left = sound.length - head - tail;
  return `${sound.slice(0, head).toWellFormed()}\n[… ${left} characters left out …]\n${sound.slice(-tail).toWellFormed()}`;
}
