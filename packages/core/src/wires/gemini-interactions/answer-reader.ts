import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../spec/json.ts';
import { mergeUsage, type Usage } from '../../spec/usage.ts';
import { createBlockBuilder } from '../../stream/block-builder.ts';
import { inBandError } from '../google-errors.ts';
import type { JsonEventReader, JsonEventWire } from '../json-events.ts';
import { argumentsIn, memberOf, membersOf, skipSpace } from '../json-text.ts';
import {
  interactionExtras,
  isEnd,
  isPending,
  readStatus,
  readUsage,
  saysBlocked,
  usageDetails,
  WIRE,
} from './facts.ts';
import { createStepReader } from './step-reader.ts';

/** What the shared stream decoder needs to know of this wire. */
export const INTERACTION_EVENTS: JsonEventWire = {
  createReader: createAnswerReader,
  callMark: '"function_call"',
  terminal: '`interaction.completed`',
  inBandError,
};

/**
 * Events of `/interactions` to events of ours. An answer is complete at `interaction.completed`; a status that says so
 * earlier counts when the stream ends without it. What an interaction says beside its steps leaves just before the end.
 */
export function createAnswerReader(): JsonEventReader {
  const builder = createBlockBuilder();
  let id = '';
  const steps = createStepReader(builder, () => id);
  const extras: JsonObject = {};
  let details: JsonObject = {};
  let usage: Usage | undefined;
  let status = '';
  let failure: JsonValue | undefined;
  let done = false;
  let anything = false;

  const begin = (interaction: JsonObject): void => {
    anything = true;
    if (builder.started) return;
    id = text(interaction['id']) ?? '';
    const created = typeof interaction['created'] === 'string' ? Date.parse(interaction['created']) : Number.NaN;
    builder.start({
      // An interaction that is not stored has none.
      id: id === '' ? undefined : id,
      model: text(interaction['model']) ?? text(interaction['agent']),
      createdAt: Number.isNaN(created) ? undefined : Math.floor(created / 1000),
    });
  };

  const countIn = (raw: unknown): void => {
    const counted = readUsage(raw);
    if (counted !== undefined) usage = mergeUsage(usage, counted);
    details = { ...details, ...usageDetails(raw) };
  };

  const gather = (interaction: JsonObject): void => {
    status = text(interaction['status']) ?? status;
    countIn(interaction['usage']);
    Object.assign(extras, interactionExtras(interaction));
    const errors: unknown = interaction['errors'];
    failure = (Array.isArray(errors) ? (errors as JsonValue[])[0] : undefined) ?? interaction['error'] ?? failure;
  };

  const finish = (): void => {
    done = true;
    const read = readStatus(status);
    const { calls, error } = steps.finish(read === 'length');
    if (read === 'error') throw failureOf(status, failure ?? error);
    const blocked = error !== undefined && saysBlocked(error);
    if (Object.keys(details).length > 0) extras['usage'] = details;
    // An answer without content must not look as if it had some.
    if (steps.said && Object.keys(extras).length > 0) builder.opaque(WIRE, { interaction: extras });
    const reason = blocked ? 'content-filter' : read === 'stop' && calls > 0 ? 'tool-calls' : read;
    // "Action required" is also said of what the vendor's own tools wait for.
    builder.finish(reason === 'tool-calls' && calls === 0 ? 'pause' : reason, {
      rawReason: status || undefined,
      usage,
    });
  };

  const readStep = (event: JsonObject, raw: string): void => {
    anything = true;
    const { index } = event;
    switch (event['event_type']) {
      case 'step.start': {
        const { step } = event;
        if (isJsonObject(step)) steps.start(index, step, () => memberText(raw, ['step', 'arguments']));
        return;
      }
      case 'step.delta': {
        const { delta, metadata } = event;
        if (isJsonObject(delta)) steps.delta(index, delta, () => memberText(raw, ['delta', 'arguments']));
        if (isJsonObject(metadata)) countIn(metadata['total_usage']);
        return;
      }
      default:
        countIn(event['usage']);
        return steps.stop(index);
    }
  };

  return {
    read(event, raw) {
      const { event_type: type, interaction, error } = event;
      if (type === 'error' || (type === undefined && error !== undefined)) {
        if (isEnd(status))
          return builder.warning('late-error', 'The vendor reported an error after its answer was complete.');
        throw inBandError(event);
      }
      if (typeof type !== 'string') return;
      if (type.startsWith('step.')) return readStep(event, raw);
      if (!type.startsWith('interaction.')) return;
      const about = isJsonObject(interaction) ? interaction : {};
      if (type !== 'interaction.completed') {
        if (isJsonObject(interaction)) begin(interaction);
        // A name of its own may tell the status as well (`interaction.requires_action`).
        status =
          text(event['status']) ??
          text(about['status']) ??
          (type === 'interaction.requires_action' ? 'requires_action' : status);
        if (event['continuation_token'] !== undefined) Object.assign(extras, interactionExtras(event));
        return countIn(event['usage']);
      }
      begin(about);
      gather(about);
      const all = about['steps'];
      if (Array.isArray(all) && steps.count === 0) readSteps(all, raw, ['interaction', 'steps']);
      // The event's name is the end, whatever status it leaves out.
      if (isPending(status)) status = 'completed';
      finish();
    },
    readWhole(answer, raw) {
      const { steps: all, status: stated } = answer;
      if (!Array.isArray(all) && typeof stated !== 'string') {
        if (answer['error'] !== undefined) throw inBandError(answer);
        throw new ProviderError({ kind: 'protocol', message: 'The answer has no `steps`: is this `/interactions`?' });
      }
      begin(answer);
      gather(answer);
      if (Array.isArray(all)) readSteps(all, raw, ['steps']);
      if (!isPending(status)) finish();
    },
    close() {
      if (!done) finish();
    },
    get done() {
      return done;
    },
    get complete() {
      return done || (isEnd(status) && !steps.open);
    },
    get callOpen() {
      return steps.callOpen;
    },
    get anything() {
      return anything;
    },
    take: () => builder.take(),
  };

  function readSteps(all: readonly JsonValue[], raw: string, path: readonly string[]): void {
    all.forEach((step, at) => {
      if (!isJsonObject(step)) return;
      steps.start(at, step, () => memberText(raw, [...path, at, 'arguments']));
      steps.stop(at);
    });
  }
}

function failureOf(status: string, error: JsonValue | undefined): ProviderError {
  const told = inBandError(isJsonObject(error) ? { error } : (error ?? ''));
  const { kind, code, vendorMessage } = told;
  return new ProviderError({
    kind: error === undefined ? 'server' : kind,
    message: `The vendor ended the interaction with status ${JSON.stringify(status)}.`,
    code: code ?? status,
    vendorMessage: vendorMessage || undefined,
  });
}

/** A value as it stood on the wire: numbers and spacing of a model are not ours to change. */
function memberText(raw: string, path: readonly (string | number)[]): string | undefined {
  let start = skipSpace(raw, 0);
  let end = raw.length;
  for (const step of path) {
    const member = typeof step === 'number' ? membersOf(raw, start)[step] : memberOf(raw, start, step);
    if (member === undefined) return undefined;
    ({ start, end } = member);
  }
  const found = raw.slice(start, end);
  // Proxies may send the arguments as a string, as other protocols do.
  if (found.startsWith('"')) return JSON.parse(found) as string;
  return found === 'null' ? undefined : argumentsIn(found);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
