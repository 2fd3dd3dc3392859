import { z } from 'zod';
import type { Standin } from '@standin/core/library/standin-types';
import type { RunSink } from '@standin/core/route/run-types';
import type { Plan } from '@standin/core/route/target';
import type { AttemptRecord, ProviderError } from '@standin/core/spec/errors';
import type { StreamEvent } from '@standin/core/spec/event';
import type { ChatRequest } from '@standin/core/spec/request';
import { costOfAttempts, usdText } from '@standin/store/money';
import { sumOf } from '@standin/store/writer';
import { DASHBOARD } from '../../auth.ts';
import type { Exchange } from '../../exchange.ts';
import { CallAccount } from '../../ledger.ts';
import { AdminError, adminRoute, type AdminRoute } from '../route.ts';
import { ms, text } from '../schemas.ts';
import { ATTEMPT, waterfallAttempt } from '../waterfall.ts';

const MOST_TOKENS = 64;
const PATIENCE_MS = 60_000;
const WORDS = 'Say hello in one short sentence.';

const number = z.number().nullable();

const TRIED = z.strictObject({
  ok: z.boolean(),
  requestId: text,
  text,
  tookMs: ms,
  firstContentMs: number,
  provider: text.nullable(),
  model: text.nullable(),
  inputTokens: number,
  outputTokens: number,
  costUsd: text.nullable(),
  error: z.strictObject({ kind: text, message: text }).nullable(),
  attempts: z.array(ATTEMPT),
});

/** A real call to one entry alone: it is admitted, counted and recorded like any other. */
export const TRY_ROUTES: readonly AdminRoute[] = [
  adminRoute({
    method: 'POST',
    pattern: '/api/config/try',
    summary: 'Makes a short real call to one entry, without its fallbacks, and tells how it went.',
    body: z.strictObject({
      entry: z.string().min(1).max(300),
      model: z.string().min(1).max(300).optional(),
      message: z.string().min(1).max(4_000).optional(),
      stream: z.boolean().optional(),
    }),
    answers: { 200: TRIED },
    errors: { 404: 'There is no such entry, or it cannot be used.' },
    async run({ exchange, body, context }) {
      const { entry, model, message = WORDS, stream = true } = body;
      const standin = context.getStandin();
      const plan = planOf(standin, entry, model);
      const asked = model === undefined ? entry : `${entry}/${model}`;
      const request: ChatRequest = {
        model: asked,
        messages: [{ role: 'user', content: message }],
        maxTokens: MOST_TOKENS,
      };
      const mode = stream ? 'stream' : 'whole';
      const own: Exchange = { ...exchange, caller: DASHBOARD };
      const account = new CallAccount(context.accounting ?? {}, own);
      const admitted = await account.admit({ request, mode, includeUsage: true }, plan);
      if ('error' in admitted) {
        const { status, code, message: why } = admitted.error;
        account.end({ outcome: 'failed', status, errorCode: code });
        throw new AdminError(status, code, why);
      }
      const began = context.clock.now();
      const played = await play(standin, admitted, request, mode, own, account);
      const { error, attempts } = played;
      const priceOf = context.accounting?.priceOf ?? (() => undefined);
      const cost = costOfAttempts(attempts, priceOf);
      const last = attempts.findLast((one) => one.outcome === 'ok') ?? attempts.at(-1);
      const usage = sumOf(attempts);
      account.end(
        error === undefined
          ? { outcome: 'ok', status: 200 }
          : { outcome: 'failed', status: 502, errorKind: error.kind },
      );
      return {
        body: {
          ok: error === undefined,
          requestId: exchange.requestId,
          text: played.text,
          tookMs: Math.round(context.clock.now() - began),
          firstContentMs: last?.firstContentMs ?? null,
          provider: last?.provider ?? null,
          model: last?.model ?? null,
          inputTokens: usage?.inputTokens ?? null,
          outputTokens: usage?.outputTokens ?? null,
          costUsd: cost === undefined ? null : usdText(cost),
          error: error === undefined ? null : { kind: error.kind, message: error.message },
          attempts: attempts.map((one) => waterfallAttempt(one, priceOf)),
        },
      };
    },
  }),
];

/** The walk to this entry, cut after it. */
function planOf(standin: Standin, entry: string, model: string | undefined): Plan {
  const plan = standin.plan(model === undefined ? entry : `${entry}/${model}`);
  const target = plan.targets.find((one) => one.entry === entry && (model === undefined || one.model === model));
  if (target === undefined)
    throw new AdminError(
      404,
      'not_found',
      `No call can be made through "${entry.slice(0, 100)}"; GET /api/config says why.`,
    );
  return {
    ...plan,
    targets: [target],
    limits: { ...plan.limits, deadlineMs: Math.min(plan.limits.deadlineMs, PATIENCE_MS) },
  };
}

interface Played {
  readonly text: string;
  readonly attempts: readonly AttemptRecord[];
  readonly error?: ProviderError;
}

function play(
  standin: Standin,
  plan: Plan,
  request: ChatRequest,
  mode: 'stream' | 'whole',
  { res, requestId }: Exchange,
  account: CallAccount,
): Promise<Played> {
  return new Promise((resolve) => {
    let said = '';
    const sink: RunSink = {
      onEvents(events: readonly StreamEvent[]) {
        for (const event of events) if (event.type === 'text-delta') said += event.text;
      },
      onDone: ({ attempts }) => resolve({ text: said, attempts }),
      onError: (error, attempts) => resolve({ text: said, attempts, error }),
    };
    const handle = standin.start(
      plan,
      request,
      { mode, requestId, onAttempt: (attempt) => account.saw(attempt) },
      sink,
    );
    // Whoever asked went away: nobody needs the answer.
    res.on('close', () => {
      if (res.writableFinished) return;
      handle.cancel();
      account.end({ outcome: 'left', status: 0 });
    });
  });
}
