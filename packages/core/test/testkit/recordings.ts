import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isJsonObject } from '../../src/spec/json.ts';
import type { WireId } from '../../src/spec/wire-id.ts';

/** Recorded answers of real vendors lie beside the repository and may be missing; tests then skip with a line. */
const ROOT = fileURLToPath(new URL('../../../../../shared/fixtures/recorded/', import.meta.url));

export const haveRecordings = existsSync(ROOT);
export const noRecordings = 'recordings not found at ../shared/fixtures/recorded';

/** A stream, one payload a line; a whole answer; an answer of an HTTP error. */
export type RecordingKind = 'stream' | 'whole' | 'error';

export interface Recording {
  /** Below the recordings folder. */
  readonly path: string;
  readonly kind: RecordingKind;
  /** Told by its content; `undefined`: no wire knows it. */
  readonly wire: WireId | undefined;
}

/** What the first event of a stream looks like. */
const STREAMS: readonly (readonly [RegExp, WireId])[] = [
  [/"type": ?"message_start"/, 'anthropic-messages'],
  [/"type": ?"message-start"/, 'cohere-chat'],
  [/"event_type": ?"interaction\./, 'gemini-interactions'],
  [/"type": ?"response\./, 'openai-responses'],
  [/"(candidates|promptFeedback)":/, 'gemini'],
  [/^\{"(messageStart|contentBlock\w+)":/, 'bedrock-converse'],
  [/"choices": ?\[/, 'openai-chat'],
  [/"done": ?(true|false)/, 'ollama-chat'],
];

/** Members that only the whole answers of one wire have. */
const WHOLES: readonly (readonly [string, WireId])[] = [
  ['choices', 'openai-chat'],
  ['candidates', 'gemini'],
  ['steps', 'gemini-interactions'],
  ['stop_reason', 'anthropic-messages'],
  ['stopReason', 'bedrock-converse'],
  ['finish_reason', 'cohere-chat'],
  ['done', 'ollama-chat'],
  ['output', 'openai-responses'],
];

let known: readonly Recording[] | undefined;

/** Every file of the recordings folder but its own description. */
export function allRecordings(): readonly Recording[] {
  known ??= haveRecordings ? filesBelow('').map(describe) : [];
  return known;
}

/** Paths of one wire's recordings, whichever vendor's they are. */
export function recordingsOf(wire: WireId, kind: RecordingKind): string[] {
  return allRecordings()
    .filter((one) => one.wire === wire && one.kind === kind)
    .map(({ path }) => path);
}

function filesBelow(folder: string): string[] {
  return readdirSync(ROOT + folder)
    .toSorted()
    .flatMap((name) => {
      const path = `${folder}${name}`;
      if (statSync(ROOT + path).isDirectory()) return filesBelow(`${path}/`);
      return path === 'README.md' ? [] : [path];
    });
}

function describe(path: string): Recording {
  if (path.endsWith('.chunks.txt')) {
    const first = loadChunks(path)[0] ?? '';
    return { path, kind: 'stream', wire: STREAMS.find(([pattern]) => pattern.test(first))?.[1] };
  }
  const body = path.endsWith('.json') ? (JSON.parse(loadRecording(path)) as unknown) : undefined;
  if (!isJsonObject(body)) return { path, kind: 'whole', wire: undefined };
  const wire = WHOLES.find(([name]) => body[name] !== undefined)?.[1];
  // Every vendor whose errors are recorded has OpenAI's shape.
  if (wire === undefined && isJsonObject(body['error'])) return { path, kind: 'error', wire: 'openai-chat' };
  return { path, kind: 'whole', wire };
}

export function loadRecording(path: string): string {
  return readFileSync(ROOT + path, 'utf8');
}

/** The payloads of a recorded stream, in order, without their envelope. */
export function loadChunks(path: string): string[] {
  return loadRecording(path)
    .split('\n')
    .filter((line) => line.trim() !== '');
}
