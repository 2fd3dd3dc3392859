import { ProviderError } from '../../spec/errors.ts';
import type { FinishReason, StreamEvent } from '../../spec/event.ts';
import { isJsonObject, type JsonObject } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { madeUpCallId } from '../../stream/tool-call-assembler.ts';
import { inBandError } from '../google-errors.ts';
import { CANDIDATE_EXTRAS, readFinishReason, readUsage, WIRE } from './facts.ts';
import { createPartialArguments, type PartialArguments } from './partial-args.ts';

/** Reads the `GenerateContentResponse` objects of one answer, pieces of a stream or one whole, into events. */
export interface AnswerReader {
  /** `argumentsAt` gives the text of `args` of the call in this part, as it stood on the wire. */
  read(chunk: JsonObject, argumentsAt: (part: number) => string | undefined): void;
  /** Closes the answer and emits `finish`. Throws for finish reasons that mean a failure. */
  complete(): void;
  /** The vendor has said why it stopped. */
  readonly finishSeen: boolean;
  /** Arguments of a call are being received: nothing may be missed now. */
  readonly callOpen: boolean;
  /** Anything of an answer was read. */
  readonly anything: boolean;
  take(): StreamEvent[];
}

interface OpenCall {
  readonly index: number;
  readonly name: string;
  readonly signature: string | undefined;
  readonly arguments: PartialArguments;
}

export function createAnswerReader(): AnswerReader {
  const builder = createBlockBuilder();
  const ids = new Set<string>();
  const extras: JsonObject = {};
  const cut: string[] = [];
  let usage: Usage | undefined;
  let responseId: string | undefined;
  let rawReason: string | undefined;
  let finishMessage: string | undefined;
  let blockReason: string | undefined;
  let openCall: OpenCall | undefined;
  let calls = 0;
  let anything = false;

  const begin = (chunk: JsonObject): void => {
    if (builder.started) return;
    responseId = text(chunk['responseId']);
    const created = typeof chunk['createTime'] === 'string' ? Date.parse(chunk['createTime']) : Number.NaN;
    builder.start({
      id: responseId,
      model: text(chunk['modelVersion']),
      createdAt: Number.isNaN(created) ? undefined : Math.floor(created / 1000),
    });
  };

  const callId = (given: unknown, name: string): string => {
    const stated = text(given);
    // Mostly no id is sent. A made-up one depends only on what was sent, so that cuts do not matter.
    const seed = `${responseId ?? ''}|${calls}|${name}`;
    const id = stated === undefined || ids.has(stated) ? madeUpCallId(seed) : stated;
    ids.add(id);
    calls += 1;
    return id;
  };

  const closeCall = (isCut = false): void => {
    if (openCall === undefined) return;
    const call = openCall;
    openCall = undefined;
    // Arguments that the output limit cut stay visibly incomplete.
    if (isCut) cut.push(call.name);
    else builder.toolDelta(call.index, call.arguments.close());
    builder.toolEnd(call.index, call.signature);
  };

  const functionCall = (call: JsonObject, signature: string | undefined, raw: () => string | undefined): void => {
    const name = text(call['name']);
    const goesOn = call['willContinue'] === true;
    if (name !== undefined) {
      closeCall();
      const index = builder.toolStart(callId(call['id'], name), name);
      const partial = call['partialArgs'];
      if (!goesOn && partial === undefined) {
        builder.toolDelta(index, raw() ?? '');
        return builder.toolEnd(index, signature);
      }
      openCall = { index, name, signature, arguments: createPartialArguments() };
    }
    if (openCall === undefined) {
      // `functionCall: {}` closes streamed arguments; some servers send it once more.
      if (call['partialArgs'] === undefined && call['args'] === undefined) return;
      throw new ProviderError({ kind: 'protocol', message: 'The vendor sent a tool call without a name.' });
    }
    const entries = Array.isArray(call['partialArgs']) ? call['partialArgs'] : [];
    for (const entry of entries) builder.toolDelta(openCall.index, openCall.arguments.add(entry));
    if (!goesOn) closeCall();
  };

  const readPart = (part: JsonObject, argumentsOf: () => string | undefined): void => {
    const signature = text(part['thoughtSignature']);
    if (isJsonObject(part['functionCall'])) return functionCall(part['functionCall'], signature, argumentsOf);
    const words = part['text'];
    if (typeof words !== 'string') {
      closeCall();
      if (Object.keys(part).length > 0) builder.opaque(WIRE, { part });
      return;
    }
    // An empty text between pieces of a call says nothing.
    if (words !== '') closeCall();
    if (part['thought'] === true) {
      builder.reasoning(words);
      if (signature !== undefined) builder.closeReasoning({ signature });
      return;
    }
    builder.text(words);
    if (signature === undefined) return;
    builder.closeText();
    builder.opaque(WIRE, { part: { text: '', thoughtSignature: signature } });
  };

  const readCandidate = (candidate: JsonObject, argumentsAt: (part: number) => string | undefined): void => {
    const content = candidate['content'];
    const parts = isJsonObject(content) && Array.isArray(content['parts']) ? content['parts'] : [];
    parts.forEach((part, at) => {
      if (isJsonObject(part)) readPart(part, () => argumentsAt(at));
    });
    for (const name of CANDIDATE_EXTRAS) {
      const value = candidate[name];
      if (value !== undefined && value !== null) extras[name] = value;
    }
    rawReason = text(candidate['finishReason']) ?? rawReason;
    finishMessage = text(candidate['finishMessage']) ?? finishMessage;
  };

  const read: AnswerReader['read'] = (chunk, argumentsAt) => {
    if (isError(chunk)) {
      if (rawReason === undefined) throw inBandError(chunk);
      // The answer was complete before this: tell, but do not take it away.
      return builder.warning('late-error', 'The vendor reported an error after its answer was complete.');
    }
    const candidates = chunk['candidates'];
    const feedback = chunk['promptFeedback'];
    const counted = readUsage(chunk['usageMetadata']);
    if (counted !== undefined) usage = mergeUsage(usage, counted);
    if (!Array.isArray(candidates) && !isJsonObject(feedback)) return;
    anything = true;
    begin(chunk);
    if (isJsonObject(feedback)) blockReason = text(feedback['blockReason']) ?? blockReason;
    const first = Array.isArray(candidates) ? candidates.find(isFirstCandidate) : undefined;
    if (isJsonObject(first)) readCandidate(first, argumentsAt);
  };

  const reasonNow = (): FinishReason => {
    if (rawReason === undefined) return blockReason === undefined ? 'other' : 'content-filter';
    const reason = readFinishReason(rawReason);
    return reason === 'stop' && calls > 0 ? 'tool-calls' : reason;
  };

  return {
    read,
    complete() {
      const reason = reasonNow();
      closeCall(reason === 'length');
      if (reason === 'error') {
        const message = `The vendor broke the answer off with finish reason ${JSON.stringify(rawReason)}.`;
        throw new ProviderError({ kind: 'server', message, code: rawReason, vendorMessage: finishMessage });
      }
      if (Object.keys(extras).length > 0) builder.opaque(WIRE, { candidate: extras });
      for (const name of cut) {
        builder.warning('tool-arguments-cut', `The output limit cut the arguments of the call to ${name}.`);
      }
      builder.finish(reason, { rawReason: rawReason ?? blockReason, usage });
    },
    get finishSeen() {
      return rawReason !== undefined || blockReason !== undefined;
    },
    get callOpen() {
      return openCall !== undefined;
    },
    get anything() {
      return anything;
    },
    take: () => builder.take(),
  };
}

function isFirstCandidate(candidate: unknown): boolean {
  return isJsonObject(candidate) && (candidate['index'] === undefined || candidate['index'] === 0);
}

export function isError(chunk: JsonObject): boolean {
  return (isJsonObject(chunk['error']) || typeof chunk['error'] === 'string') && chunk['candidates'] === undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
