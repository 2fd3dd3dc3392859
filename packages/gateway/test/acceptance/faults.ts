import type { Script } from './bench.ts';
import type { Saw } from './callers.ts';
import { chunksOf, piecesOf, textOf, type Chance } from './chance.ts';
import type { Act, Received } from './raw-vendor.ts';
import { BROKEN_EVENT, IN_BAND_ERROR, SPEECH, type Speech } from './speech.ts';
import { errorBody, type Wire } from './wire.ts';

/** What reached the two vendors and the caller. */
export interface Played {
  readonly saw: Saw;
  readonly primary: readonly Received[];
  readonly spare: readonly Received[];
}

export interface Scene {
  readonly text: string;
  readonly scripts: readonly [Script, Script];
  readonly tools?: boolean;
  /** Undefined: as it should be; else what is wrong. */
  judge(played: Played): string | undefined;
}

/** One line of the acceptance list. */
export interface Fault {
  readonly name: string;
  /** It takes seconds of silence: the short form plays it in quicker time, the long one in real time. */
  readonly slow?: boolean;
  /** Some faults have no form in some protocol. */
  readonly notFor?: Wire;
  scene(chance: Chance, wires: readonly [Wire, Wire]): Scene;
}

let ids = 0;
const idFor = (wire: Wire): string =>
  `${wire === 'messages' ? 'msg' : wire === 'responses' ? 'resp' : 'chatcmpl'}_${(++ids).toString(36)}`;

/** The bytes of some events, in random chunks. */
function stream(
  chance: Chance,
  events: readonly string[],
  end: 'clean' | 'cut' | 'reset' | 'stall' = 'clean',
  waitMs?: number,
): Act {
  const chunks = chunksOf(Buffer.from(events.join('')), chance);
  return { do: 'stream', chunks, end, ...(waitMs === undefined ? {} : { waitMs }) };
}

function speechOf(chance: Chance, wire: Wire, text: string, tool?: string): Speech {
  const pieces = piecesOf(text, chance);
  return SPEECH[wire]({
    pieces,
    model: `said-${wire}`,
    id: idFor(wire),
    ...(tool === undefined ? {} : { tool: piecesOf(tool, chance) }),
  });
}

/** A healthy vendor. It goes on from a prefill where it is given one that fits, as models do. */
const answers =
  (chance: Chance, wire: Wire, text: string, tool?: string): Script =>
  (received) => {
    const { prefill } = received;
    const rest = prefill !== undefined && text.startsWith(prefill) ? text.slice(prefill.length) : text;
    return stream(chance, speechOf(chance, wire, rest, tool).events);
  };

const refusesPrefill =
  (chance: Chance, wire: Wire, text: string): Script =>
  (received, index) =>
    received.prefill === undefined
      ? answers(chance, wire, text)(received, index)
      : status(wire, 400, 'invalid_request_error', 'This model does not support assistant message prefill.');

function status(
  wire: Wire,
  code: number,
  type: string,
  message: string,
  headers: string[] = [],
  errorCode: string | null = null,
): Act {
  return { do: 'status', status: code, body: errorBody(wire, type, errorCode, message), headers };
}

/** Some of an answer, cut anywhere in its bytes after its first content, at least one byte before its end. */
function broken(chance: Chance, speech: Speech, end: 'cut' | 'reset' | 'stall' | 'clean'): Act {
  const bytes = Buffer.from(speech.events.join(''));
  const from = Buffer.byteLength(speech.events.slice(0, speech.contentFrom + 1).join(''));
  const to = Buffer.byteLength(speech.events.slice(0, speech.contentTo).join(''));
  return { do: 'stream', chunks: chunksOf(bytes.subarray(0, chance.int(from, Math.max(from, to - 1))), chance), end };
}

const once =
  (first: Act, then: Script): Script =>
  (received, index) =>
    index === 0 ? first : then(received, index);
const always =
  (act: Act | (() => Act)): Script =>
  () =>
    typeof act === 'function' ? act() : act;

const secondsOf = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The caller has the whole answer, once, well formed, in time. */
function whole({ saw }: Played, text: string, withinMs = 15_000): string | undefined {
  if (saw.status !== 200) return `status ${saw.status}: ${saw.error}`;
  if (saw.malformed !== undefined) return saw.malformed;
  if (saw.error !== undefined) return `an error: ${saw.error}`;
  if (!saw.complete) return 'the answer has no end';
  if (saw.text !== text) return `another text: ${JSON.stringify(saw.text)} for ${JSON.stringify(text)}`;
  if (saw.ids.size !== 1) return `ids: ${[...saw.ids].join(', ')}`;
  if (saw.tookMs > withinMs) return `it took ${secondsOf(saw.tookMs)}`;
  return undefined;
}

/** The caller was told plainly, and what came before is a beginning of the answer. */
function plainError({ saw }: Played, text: string): string | undefined {
  if (saw.complete) return 'a broken answer looks complete';
  if (saw.error === undefined) return 'no error was told';
  if (saw.malformed !== undefined) return saw.malformed;
  return text.startsWith(saw.text) ? undefined : `not a beginning of the answer: ${JSON.stringify(saw.text)}`;
}

const counts = (played: Played, primary: number, spare?: number): string | undefined =>
  played.primary.length !== primary || (spare !== undefined && played.spare.length !== spare)
    ? `${played.primary.length} calls to the primary, ${played.spare.length} to the spare`
    : undefined;

/** Scenes whose answer is to be had whole, from whoever. */
function mended(
  name: string,
  primary: (chance: Chance, wire: Wire, text: string) => Script,
  more: {
    withinMs?: number;
    calls?: [number, number?];
    slow?: boolean;
    notFor?: Wire;
    spare?: typeof answers;
    named?: boolean;
  } = {},
): Fault {
  return {
    name,
    slow: more.slow,
    notFor: more.notFor,
    scene(chance, wires) {
      const text = textOf(chance);
      return {
        text,
        scripts: [primary(chance, wires[0], text), (more.spare ?? answers)(chance, wires[1], text)],
        judge(played) {
          const wrong =
            whole(played, text, more.withinMs) ??
            (more.calls === undefined ? undefined : counts(played, ...more.calls));
          if (wrong !== undefined || more.named !== true) return wrong;
          if (played.saw.model !== 'model-spare' && played.saw.model !== `said-${wires[1]}`)
            return `model: ${played.saw.model}`;
          return played.saw.hasUsage ? undefined : 'no usage';
        },
      };
    },
  };
}

const later = (chance: Chance, wire: Wire, text: string, first: Act, dead: boolean): Script =>
  once(first, dead ? always(status(wire, 503, 'overloaded_error', 'down')) : answers(chance, wire, text));

export const FAULTS: readonly Fault[] = [
  mended(
    '429 with a short Retry-After once',
    (chance, wire, text) =>
      once(
        status(wire, 429, 'rate_limit_error', 'Rate limit reached', ['retry-after: 1']),
        answers(chance, wire, text),
      ),
    { calls: [2, 0], withinMs: 6_000, slow: true },
  ),
  mended('429 always', (chance, wire) =>
    always(status(wire, 429, 'rate_limit_error', 'Rate limit reached', chance.pick([[], ['retry-after: 60']]))),
  ),
  mended(
    '500 once',
    (chance, wire, text) => once(status(wire, 500, 'api_error', 'Internal server error'), answers(chance, wire, text)),
    { calls: [2, 0] },
  ),
  mended('503 always', (_, wire) => always(status(wire, 503, 'overloaded_error', 'Service unavailable'))),
  mended('reset before headers', (chance, wire, text) =>
    chance() < 0.5 ? always({ do: 'reset' }) : once({ do: 'reset' }, answers(chance, wire, text)),
  ),
  mended('accepts and stays silent', () => always({ do: 'silent' }), { calls: [1, 1], withinMs: 30_000, slow: true }),
  mended(
    'headers, then a 20 s wait',
    (chance, wire, text) => () => stream(chance, speechOf(chance, wire, text).events, 'clean', 20_000),
    { calls: [1, 1], slow: true },
  ),
  mended('cut in mid-answer', (chance, wire, text) =>
    later(
      chance,
      wire,
      text,
      broken(chance, speechOf(chance, wire, text), chance.pick(['cut', 'reset', 'clean'])),
      chance() < 0.5,
    ),
  ),
  mended(
    'cut in mid-answer, every time',
    (chance, wire, text) => () => broken(chance, speechOf(chance, wire, text), chance.pick(['cut', 'reset', 'clean'])),
    { withinMs: 30_000 },
  ),
  mended(
    'stall in mid-answer',
    (chance, wire, text) =>
      later(chance, wire, text, broken(chance, speechOf(chance, wire, text), 'stall'), chance() < 0.5),
    { withinMs: 45_000, slow: true },
  ),
  mended('error event in mid-answer', (chance, wire, text) => {
    const { events, contentFrom, contentTo } = speechOf(chance, wire, text);
    return later(
      chance,
      wire,
      text,
      stream(chance, [...events.slice(0, chance.int(contentFrom + 1, contentTo - 1)), IN_BAND_ERROR[wire]]),
      chance() < 0.5,
    );
  }),
  mended('error event before any content', (chance, wire, text) => {
    const { events, contentFrom } = speechOf(chance, wire, text);
    const head = wire === 'chat_completions' ? contentFrom : Math.min(contentFrom, 2);
    return later(chance, wire, text, stream(chance, [...events.slice(0, head), IN_BAND_ERROR[wire]]), chance() < 0.5);
  }),
  mended('a broken event in the middle', (chance, wire, text) => () => {
    const { events, contentFrom, contentTo } = speechOf(chance, wire, text);
    const at = chance.int(contentFrom + 1, contentTo - 1);
    return stream(chance, [...events.slice(0, at), BROKEN_EVENT[wire], ...events.slice(at)]);
  }),
  mended(
    'end without the last marker',
    (chance, wire, text) => () => {
      const speech = speechOf(chance, wire, text);
      return stream(chance, speech.events.slice(0, speech.spareFrom), chance.pick(['clean', 'cut']));
    },
    { calls: [1, 0], notFor: 'responses' },
  ),
  mended(
    'cut, and the fallback refuses prefill',
    (chance, wire, text) =>
      later(
        chance,
        wire,
        text,
        broken(chance, speechOf(chance, wire, text), chance.pick(['cut', 'reset', 'clean'])),
        true,
      ),
    { spare: refusesPrefill },
  ),
  mended(
    'fallback named in model, with usage',
    (_, wire) => always(status(wire, 503, 'overloaded_error', 'Service unavailable')),
    { named: true },
  ),
  {
    name: 'context window exceeded',
    scene(chance, wires) {
      const text = textOf(chance);
      const message =
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.";
      const code = wires[0] === 'messages' ? null : 'context_length_exceeded';
      const told = wires[0] === 'messages' ? 'prompt is too long: 209000 tokens > 200000 maximum' : message;
      return {
        text,
        scripts: [
          always(status(wires[0], 400, 'invalid_request_error', told, [], code)),
          answers(chance, wires[1], text),
        ],
        judge: (played) => counts(played, 1) ?? (played.saw.complete ? whole(played, text) : plainError(played, text)),
      };
    },
  },
  {
    name: 'content policy',
    scene(chance, wires) {
      const text = textOf(chance);
      const code = wires[0] === 'messages' ? null : 'content_policy_violation';
      const told =
        wires[0] === 'messages'
          ? 'Output blocked by content filtering policy'
          : 'Your request was rejected as a result of our safety system.';
      return {
        text,
        scripts: [
          always(status(wires[0], 400, 'invalid_request_error', told, [], code)),
          answers(chance, wires[1], text),
        ],
        judge: (played) =>
          counts(played, 1, 0) ??
          (played.saw.status >= 400 && played.saw.status < 500 ? undefined : `status ${played.saw.status}`),
      };
    },
  },
  {
    name: 'cut inside a tool call',
    scene(chance, wires) {
      const text = chance() < 0.5 ? '' : textOf(chance);
      const args = JSON.stringify({ note: textOf(chance) });
      const speech = speechOf(chance, wires[0], text, args);
      const bytes = Buffer.from(speech.events.join(''));
      const parts = [...piecesOf(args, chance)].length;
      const from = Buffer.byteLength(speech.events.slice(0, speech.contentTo - Math.min(parts, 2) - 2).join(''));
      const to = Buffer.byteLength(speech.events.slice(0, speech.contentTo).join(''));
      const cut: Act = {
        do: 'stream',
        chunks: chunksOf(bytes.subarray(0, chance.int(from, to - 1)), chance),
        end: chance.pick(['cut', 'reset', 'clean']),
      };
      return {
        text,
        tools: true,
        scripts: [once(cut, answers(chance, wires[0], text, args)), answers(chance, wires[1], text, args)],
        judge(played) {
          // Cut before the call had reached the caller, the answer may still be had whole; never a spliced call.
          if (played.saw.complete)
            return played.saw.tool === args ? whole(played, text) : `spliced arguments: ${played.saw.tool}`;
          return (
            plainError(played, text) ?? (args.startsWith(played.saw.tool) ? undefined : `arguments: ${played.saw.tool}`)
          );
        },
      };
    },
  },
  {
    name: 'cut in the text before a tool call',
    scene(chance, wires) {
      const text = textOf(chance);
      const args = JSON.stringify({ note: textOf(chance) });
      const cut = broken(chance, speechOf(chance, wires[0], text), chance.pick(['cut', 'reset', 'clean']));
      return {
        text,
        tools: true,
        scripts: [later(chance, wires[0], text, cut, true), answers(chance, wires[1], text, args)],
        judge: (played) =>
          played.saw.complete
            ? (whole(played, text) ?? (played.saw.tool === args ? undefined : `arguments: ${played.saw.tool}`))
            : plainError(played, text),
      };
    },
  },
  {
    name: 'cut, and the fallback diverges',
    scene(chance, wires) {
      const text = `${textOf(chance)} and this is how it goes on.`;
      const other = `Something else. ${textOf(chance)}`;
      const cut = broken(chance, speechOf(chance, wires[0], text), chance.pick(['cut', 'reset', 'clean']));
      const diverges: Script = () => stream(chance, speechOf(chance, wires[1], other).events);
      const refuses: Script = (received, index) =>
        received.prefill === undefined
          ? diverges(received, index)
          : status(wires[1], 400, 'invalid_request_error', 'prefill is not supported');
      return {
        text,
        scripts: [later(chance, wires[0], text, cut, true), refuses],
        judge: (played) => plainError(played, text),
      };
    },
  },
];
