import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_QUIRKS } from '../wires/quirks.ts';
import { answerOf, type DecisionRecord, type RequestRecord, type TargetRecord } from './record.ts';
import { remembered } from './record-health.ts';
import type { Endpoint, Plan, Target } from './target.ts';

export interface Replay {
  /** Every decision came out as it stands in the record. */
  readonly same: boolean;
  /** One sentence for each that did not: another version decides otherwise, or the record was changed. */
  readonly differences: readonly string[];
}

/** Takes every decision of a record again, from what the record says it rested on. */
export function replay(record: RequestRecord): Replay {
  const plan = planOf(record);
  const differences = record.decisions.flatMap((decision, index) => differencesOf(plan, record, decision, index + 1));
  return { same: differences.length === 0, differences };
}

function differencesOf(plan: Plan, record: RequestRecord, decision: DecisionRecord, position: number): string[] {
  const missing: string[] = [];
  let drawn = 0;
  const answer = answerOf(
    {
      plan,
      needs: record.needs,
      health: remembered(decision.health, (question) => missing.push(question)),
      random() {
        const draw = decision.draws[drawn++];
        if (draw === undefined) missing.push('a random number');
        return draw ?? 0.5;
      },
    },
    decision.question,
  );
  const where = `decision ${position} (${decision.question.kind}, after ${decision.atMs} ms)`;
  const told = missing.map((question) => `${where} asks for ${question}, which the record does not hold`);
  if (isDeepStrictEqual(plain(answer), plain(decision.output))) return told;
  return [...told, `${where} was "${decision.output.reason}", now it is "${answer?.reason ?? 'nothing'}"`];
}

/** As it would come out of a file: without fields that are `undefined`. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function planOf(record: RequestRecord): Plan {
  return {
    requestedModel: record.requestedModel,
    targets: record.targets.map(targetOf),
    limits: record.limits,
    rescue: record.rescue,
    routeAroundContentPolicy: record.routeAroundContentPolicy,
    warnings: [],
  };
}

const never = (): never => {
  throw new Error('A replayed decision makes no call.');
};

function targetOf(record: TargetRecord): Target {
  const { keys, prefill, wire, renewable, ...facts } = record;
  const endpoint: Endpoint = {
    entry: record.entry,
    slot: record.slot,
    wire: { id: 'openai-chat', encode: never, createDecoder: never, decodeWhole: never, readError: never },
    urlFor: never,
    headersFor: never,
    quirksFor: () => ({ ...DEFAULT_QUIRKS, prefill: prefill ?? 'none' }),
    defaults: {},
    classify: never,
    renewable,
  };
  const via =
    wire === undefined
      ? { provider: { name: record.entry, capabilities: { streaming: true }, chat: never } }
      : { endpoint };
  return { ...facts, keys: keys.map((fingerprint) => ({ fingerprint })), via };
}
