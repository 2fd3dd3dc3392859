import { guardFor, tailor } from '../packages/core/src/route/tailor.ts';
import { ProviderError, RequestError } from '../packages/core/src/spec/errors.ts';
import type { ChatRequest } from '../packages/core/src/spec/request.ts';
import type { WireId } from '../packages/core/src/spec/wire-id.ts';
import { createEndpoint } from '../packages/core/src/vendors/endpoint.ts';
import { vendorById } from '../packages/core/src/vendors/lookup.ts';
import {
  anthropicMessagesClient,
  anthropicMessagesServer,
} from '../packages/core/src/wires/anthropic-messages/index.ts';
import { bedrockConverseClient, bedrockConverseServer } from '../packages/core/src/wires/bedrock-converse/index.ts';
import { cohereChatClient, cohereChatServer } from '../packages/core/src/wires/cohere-chat/index.ts';
import {
  geminiInteractionsClient,
  geminiInteractionsServer,
} from '../packages/core/src/wires/gemini-interactions/index.ts';
import { geminiClient, geminiServer } from '../packages/core/src/wires/gemini/index.ts';
import { ollamaChatClient, ollamaChatServer } from '../packages/core/src/wires/ollama-chat/index.ts';
import { openaiChatClient, openaiChatServer } from '../packages/core/src/wires/openai-chat/index.ts';
import { openaiResponsesClient, openaiResponsesServer } from '../packages/core/src/wires/openai-responses/index.ts';
import { DEFAULT_QUIRKS, type Quirks } from '../packages/core/src/wires/quirks.ts';
import type { EncodedCall, WireChunk, WireClient, WireServer, WireTarget } from '../packages/core/src/wires/wire.ts';
import { createCollector } from '../packages/core/src/stream/collect.ts';
import { ANSWERS, type AnswerFeature } from './loss-answers.ts';
import { FEATURES, type Feature } from './loss-features.ts';

/** A protocol, and the vendor that stands for it: its owner, with one model that thinks and one that does not. */
export interface Party {
  readonly wire: WireId;
  readonly client: WireClient;
  readonly server: WireServer<WireChunk>;
  readonly slot: string;
  readonly model: string;
  readonly thinking: string;
}

const party = (
  client: WireClient,
  server: WireServer<WireChunk>,
  slot: string,
  model: string,
  thinking = model,
): Party => ({ wire: client.id, client, server, slot, model, thinking });

export const PARTIES: readonly Party[] = [
  party(openaiChatClient, openaiChatServer, 'openai', 'gpt-4o', 'gpt-5.1'),
  party(openaiResponsesClient, openaiResponsesServer, 'openai', 'gpt-4o', 'gpt-5.1'),
  party(anthropicMessagesClient, anthropicMessagesServer, 'anthropic', 'claude-sonnet-4-5'),
  party(geminiClient, geminiServer, 'gemini', 'gemini-2.5-flash'),
  party(bedrockConverseClient, bedrockConverseServer, 'bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0'),
  party(ollamaChatClient, ollamaChatServer, 'ollama', 'llama3.2', 'qwen3'),
  party(cohereChatClient, cohereChatServer, 'cohere', 'command-a-vision-07-2025', 'command-a-reasoning-08-2025'),
  party(geminiInteractionsClient, geminiInteractionsServer, 'gemini', 'gemini-2.5-flash'),
];

/** The broadest dialect of each protocol: what some caller of it can say. */
const CALLER_QUIRKS: Quirks = {
  ...DEFAULT_QUIRKS,
  cacheControl: true,
  topK: true,
  refusalField: true,
  reasoningReplay: 'reasoning_content',
  reasoningStyle: 'reasoning_effort',
};

export function targetOf({ slot, client, model, thinking }: Party, thinks: boolean): WireTarget {
  const row = vendorById(slot);
  if (row === undefined) throw new Error(`no slot ${slot}`);
  const region = slot === 'bedrock' ? { fields: { region: 'us-east-1' } } : {};
  const endpoint = createEndpoint({ entry: `${slot}.main`, row, wire: client, ...region });
  const id = thinks ? thinking : model;
  return { model: id, quirks: endpoint.quirksFor(id), issuer: `${slot}:${id}`, defaults: endpoint.defaults };
}

const PLAIN: ChatRequest = { messages: [{ role: 'user', content: 'Hi.' }] };

/** What the caller's own program would send; `undefined` when its protocol cannot say it. */
function asSent(caller: Party, request: ChatRequest, issuer: string, thinks: boolean): ChatRequest | undefined {
  const model = thinks ? caller.thinking : caller.model;
  const target: WireTarget = { model, quirks: CALLER_QUIRKS, issuer, defaults: {} };
  try {
    const call = caller.client.encode({ ...request, model }, target, 'whole');
    return call.lost.length > 0 ? undefined : decoded(caller, call);
  } catch (error) {
    if (error instanceof RequestError || ProviderError.is(error)) return undefined;
    throw error;
  }
}

export function decoded({ server, wire }: Party, call: EncodedCall): ChatRequest {
  const body = JSON.parse(call.body) as Record<string, unknown>;
  // Some protocols say the model in the address; whoever serves them puts it here.
  const named = wire === 'bedrock-converse' ? { modelId: 'm', ...body } : { model: 'm', ...body };
  return server.decodeRequest(named).request;
}

interface Sent {
  readonly lost: readonly string[];
  readonly call: EncodedCall;
}

function sent(vendor: Party, request: ChatRequest, thinks: boolean): Sent {
  const target = targetOf(vendor, thinks);
  const tailored = tailor(request, target.quirks, { mode: 'whole', guard: guardFor(request.outputFormat) });
  const call = vendor.client.encode(tailored.request, target, 'whole');
  return { lost: [...tailored.notes, ...call.lost], call };
}

export interface Verdict {
  /** `silent`: gone and not declared, which must not be. `refused`: the request fails with a clear error. */
  readonly how: 'carried' | 'mapped' | 'lost' | 'refused' | 'silent' | 'n/a';
  /** What is lost or changed, in the words of the attempt record. */
  readonly words: readonly string[];
}

const NOT_SAID: Verdict = { how: 'n/a', words: [] };

/** Words of the record that tell of another form, not of a loss. */
const OTHER_FORM = /sent (?:as|in|behind)|in words|as text|lowered to|is offered\)/;

/** What becomes of a feature on its way from a caller of one protocol to a vendor of another. */
export function judge(feature: Feature, caller: Party, vendor: Party): Verdict {
  const thinks = feature.thinks === true;
  const issuer = caller.wire === vendor.wire ? targetOf(vendor, thinks).issuer : `other:${caller.wire}`;
  const meant = feature.add(PLAIN, caller.wire, issuer);
  const said = meant === undefined ? undefined : asSent(caller, meant, issuer, thinks);
  const plain = asSent(caller, { ...PLAIN, ...feature.base }, issuer, thinks);
  if (meant === undefined || said === undefined || plain === undefined) return NOT_SAID;
  const expected = feature.read(meant);
  if (!same(feature.read(said), expected)) return NOT_SAID;
  const base = sent(vendor, plain, thinks);
  let now: Sent;
  try {
    now = sent(vendor, said, thinks);
  } catch (error) {
    if (error instanceof RequestError || ProviderError.is(error)) return { how: 'refused', words: [error.message] };
    throw error;
  }
  const words = now.lost.filter((word) => !base.lost.includes(word) && !OUR_WAY.test(word));
  if (words.length > 0) return { how: words.every((word) => OTHER_FORM.test(word)) ? 'mapped' : 'lost', words };
  if (same(feature.read(decoded(vendor, now.call)), expected)) return { how: 'carried', words };
  return { how: feature.name !== 'text' && now.call.body === base.call.body ? 'silent' : 'mapped', words };
}

/** What our own calling side adds where it plays the caller; no user of the protocol would. */
const OUR_WAY = /^additionalModelResponseFieldPaths\b/;

const same = (one: unknown, other: unknown): boolean => sorted(one) === sorted(other);

function sorted(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
  return text ?? 'undefined';
}

/** What of an answer a protocol can say: written by its serving side and read again by its calling side. */
export function sayable(feature: AnswerFeature, { server, client, wire, slot, model }: Party): boolean {
  const response = feature.response(wire, `${slot}:${model}`);
  if (response === undefined) return false;
  const body = server.encodeWhole(response, { id: 'id_1', createdAt: 1_700_000_000, model: 'm' });
  const target: WireTarget = { model, quirks: CALLER_QUIRKS, issuer: `${slot}:${model}`, defaults: {} };
  const collector = createCollector();
  for (const event of client.decodeWhole(JSON.stringify(body), target)) collector.push(event);
  return same(feature.read(collector.finish()), feature.read(response));
}

const INTRO = `# What is carried between protocols

Generated by \`node scripts/gen-loss-table.ts\` from the code itself; a test checks that it is fresh. For each caller's protocol a
request that says one thing is written as such a caller writes it, read by Standin's serving side, and written for the
owner of each vendor protocol (OpenAI, Anthropic, Google, Amazon Bedrock with Claude, Ollama, Cohere).

- **carried**: the vendor reads the same.
- **mapped**: the vendor is told in another form.
- **lost**: left out, and declared in the attempt record (\`lost\`) and its log line.
- **refused**: the request fails with an error that says why, or goes to a target that can take it.
- empty: the caller's protocol has no way to say it.

With \`x-standin-strict: true\` (or \`strict\` in the library) a request with anything lost or declared as changed is not
sent to that target; when no target carries it all, it is refused with a 400 that lists what would be lost.
`;

/** The whole document. */
export function lossDocument(): string {
  const parts = [INTRO];
  for (const caller of PARTIES) {
    const notes = new Map<string, string[]>();
    const rows = FEATURES.flatMap((feature) => {
      const verdicts = PARTIES.map((vendor) => ({ vendor, verdict: judge(feature, caller, vendor) }));
      if (verdicts.every(({ verdict }) => verdict.how === 'n/a')) return [];
      for (const { vendor, verdict } of verdicts) {
        const words = verdict.words.map((word) => word.replaceAll('`', "'")).join('; ');
        if (words === '') continue;
        const line = `${feature.name}: ${words}`;
        notes.set(line, [...(notes.get(line) ?? []), vendor.wire]);
      }
      return [
        `| ${feature.name} | ${verdicts.map(({ verdict }) => (verdict.how === 'n/a' ? '' : verdict.how)).join(' | ')} |`,
      ];
    });
    const head = `| from ${caller.wire} to | ${PARTIES.map(({ wire }) => wire).join(' | ')} |`;
    const line = `|---|${PARTIES.map(() => '---|').join('')}`;
    const words = [...notes].map(([note, wires]) => `- ${note} (${wires.join(', ')})`);
    parts.push(
      [
        `## Callers of ${caller.wire}`,
        '',
        head,
        line,
        ...rows,
        '',
        'In the words of the record:',
        '',
        ...words,
        '',
      ].join('\n'),
    );
  }
  parts.push(answerTable());
  return parts.join('\n');
}

function answerTable(): string {
  const rows = ANSWERS.map(
    (feature) => `| ${feature.name} | ${PARTIES.map((one) => (sayable(feature, one) ? 'yes' : '')).join(' | ')} |`,
  );
  return [
    '## Answers',
    '',
    "What each protocol can say in an answer. Something of an answer reaches the caller unchanged when both the vendor's and the",
    "caller's protocol can say it; else the nearest form is used (a refusal as text, a stop reason as the nearest one).",
    '',
    `| | ${PARTIES.map(({ wire }) => wire).join(' | ')} |`,
    `|---|${PARTIES.map(() => '---|').join('')}`,
    ...rows,
    '',
  ].join('\n');
}
