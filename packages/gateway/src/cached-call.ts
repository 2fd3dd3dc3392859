import { needsOf } from '@standin/core/route/needs';
import { STRICT_HEADER } from '@standin/core/route/strict';
import type { Plan } from '@standin/core/route/target';
import type { DecodedRequest } from '@standin/core/wires/wire';
import { cacheKey, type AnswerCache, type KeptAnswer, type Waiter } from './answer-cache.ts';
import { answerHeaders } from './answer.ts';
import type { CallRoute } from './call.ts';
import { baseHeaders, type Exchange } from './exchange.ts';
import { recordBody, type Tape } from './tape.ts';

export const CACHE_HEADER = 'x-standin-cache';
const NO_COST = '0.000000000';
/** Headers that change what a vendor answers. */
const TELLING = ['anthropic-beta', 'anthropic-version', STRICT_HEADER] as const;

/** What a call does with the cache; `undefined`: it is none of the cache's, by its kind or its caller's wish. */
export function cachedCall(
  exchange: Exchange,
  route: CallRoute,
  { request, mode }: DecodedRequest,
  plan: Plan,
  body: Buffer,
): CachedCall | undefined {
  const { context, req, caller } = exchange;
  const { cache } = context;
  const wish = (req.headers['cache-control'] ?? '').toLowerCase();
  // What goes on from a vendor's own state is another question each time.
  if (cache === undefined || wish.includes('no-store') || needsOf(request).stored !== undefined) return undefined;
  const key = cacheKey([
    cache.rules.acrossKeys === true ? '' : (caller?.id ?? ''),
    route.wireServer.id,
    route.wireServer.streamContentType,
    mode,
    req.url ?? '',
    ...TELLING.map((name) => String(req.headers[name] ?? '')),
    ...plan.targets.map(({ entry, model }) => `${entry}/${model}`),
    body,
  ]);
  return new CachedCall(exchange, cache, key, wish.includes('no-cache'));
}

interface Steps {
  /** Nobody has the answer: a vendor is asked. */
  readonly ask: () => void;
  /** Another call asks for the same: its answer is waited for. */
  readonly waits: () => void;
  /** It was sent as it had been kept. */
  readonly replayed: (answer: KeptAnswer) => void;
}

export class CachedCall {
  readonly #exchange: Exchange;
  readonly #cache: AnswerCache;
  readonly #key: string;
  /** An answer that is there already is not wanted. */
  readonly #isFresh: boolean;
  #waiter: Waiter | undefined;
  #tape: Tape | undefined;

  constructor(exchange: Exchange, cache: AnswerCache, key: string, isFresh: boolean) {
    this.#exchange = exchange;
    this.#cache = cache;
    this.#key = key;
    this.#isFresh = isFresh;
  }

  begin(steps: Steps): void {
    const kept = this.#isFresh ? undefined : this.#cache.get(this.#key);
    if (kept !== undefined) return this.#replay(kept, steps);
    const waiter: Waiter = (answer) => {
      this.#waiter = undefined;
      if (answer === undefined) this.begin(steps);
      else this.#replay(answer, steps);
    };
    if (!this.#cache.lead(this.#key, waiter)) {
      this.#waiter = waiter;
      return steps.waits();
    }
    const { res } = this.#exchange;
    // Kept alive while it waited for one that failed: what it is answered now begins with that and is not kept.
    if (res.headersSent) return steps.ask();
    res.setHeader(CACHE_HEADER, 'miss');
    this.#tape = recordBody(res, this.#cache.rules.maxBytes ?? Number.POSITIVE_INFINITY);
    steps.ask();
  }

  #replay(answer: KeptAnswer, { replayed }: Steps): void {
    const { res } = this.#exchange;
    if (res.headersSent) {
      // Kept alive while it waited.
      const told = answerHeaders(answer.provider, answer.model, 0);
      for (let at = 0; at + 1 < told.length; at += 2) res.addTrailers([[told[at] ?? '', told[at + 1] ?? '']]);
      res.end(answer.body);
      return replayed(answer);
    }
    const headers = [...baseHeaders(this.#exchange), ...answerHeaders(answer.provider, answer.model, 0)];
    headers.push('x-standin-cost-usd', NO_COST, CACHE_HEADER, 'hit', ...answer.headers);
    res.writeHead(200, [...headers, 'content-length', `${answer.body.byteLength}`]);
    res.end(answer.body);
    replayed(answer);
  }

  /** The call is over; only a complete answer may be given again. */
  end(isComplete: boolean): void {
    if (this.#waiter !== undefined) this.#cache.leave(this.#key, this.#waiter);
    this.#waiter = undefined;
    const tape = this.#tape;
    if (tape === undefined) return;
    this.#tape = undefined;
    const { res } = this.#exchange;
    const body = isComplete && res.statusCode === 200 ? tape.body() : undefined;
    const text = (name: string): string => String(res.getHeader(name) ?? '');
    const headers = ['content-type', text('content-type')];
    const answer = { headers, provider: text('x-standin-provider'), model: text('x-standin-model') };
    this.#cache.done(this.#key, body === undefined ? undefined : { ...answer, body });
  }
}
