import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type ChatRequest, type Clock, type WireId } from '@standin/core/spec/index';
import type { Behaviour, Rule, Script } from './behaviour.ts';
import { createChooser, type Chooser } from './choose.ts';
import { answerControl } from './control.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { perform } from './perform.ts';
import { answerCount, answerPlain } from './plain-answers.ts';
import { planResponse } from './plan.ts';
import type { ResponsePlan } from './plan-types.ts';
import { readRequest } from './read-request.ts';
import type { MutableRecord, RecordedRequest, RequestOutcome } from './records.ts';
import { checkScript } from './script.ts';
import { findSurface, modelOf, SURFACES, wantsStream, type Addressed, type Surface } from './surfaces.ts';

export interface SimulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  readonly script?: Script;
  /** Measures every wait and outage window. Default: the system clock. */
  readonly clock?: Clock;
  /** The usual answer's text; `undefined` leaves it to the generator. */
  readonly makeText?: (request: ChatRequest) => string | undefined;
  /** Told of each request when its response ended. */
  readonly onFinished?: (request: RecordedRequest) => void;
  /** Finished requests that `requests` keeps, the newest. Default: all. */
  readonly keepRequests?: number;
  /** Protocols to serve. Default: all there are. */
  readonly surfaces?: readonly Surface[];
}

export interface Simulator {
  readonly port: number;
  /** `http://127.0.0.1:PORT`, without a slash at the end. Every path below it is served, with `/v1` or any other prefix. */
  readonly url: string;
  /** Every request so far, in order of arrival; live. */
  readonly requests: readonly RecordedRequest[];
  /** Replaces the script and starts its counters and windows anew. Throws `ScriptError`. */
  setScript(script: Script): void;
  /** Puts one rule before all others. */
  addRule(rule: Rule): void;
  /** The next requests (default 1) are treated so. */
  failNext(behaviour: Behaviour | string, times?: number): void;
  /** Forgets all requests and counters; keeps the script. */
  reset(): void;
  /** The first request that fits, now or later. Throws after `timeoutMs` (default 5,000, real time). */
  waitFor(predicate: (request: RecordedRequest) => boolean, timeoutMs?: number): Promise<RecordedRequest>;
  /** Closes the port and every connection, so that new ones are refused. */
  refuse(): Promise<void>;
  /** Opens the same port again. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** The script in force and its counters. */
interface Director extends Pick<Simulator, 'setScript' | 'addRule' | 'failNext'> {
  readonly script: Script;
  readonly chooser: Chooser;
  restart(): void;
}

function createDirector(clock: Clock): Director {
  let script: Script = {};
  let chooser = createChooser(script, clock);
  const setScript = (next: Script): void => {
    script = checkScript(next);
    chooser = createChooser(script, clock);
  };
  const addRule = (rule: Rule): void => {
    const [checked] = checkScript({ rules: [rule] }).rules ?? [];
    if (checked !== undefined) chooser.putFirst(checked);
  };
  return {
    get script() {
      return script;
    },
    get chooser() {
      return chooser;
    },
    setScript,
    addRule,
    failNext: (behaviour, times = 1) => addRule({ behaviour, times }),
    restart: () => void (chooser = createChooser(script, clock)),
  };
}

/** Starts stand-in vendors on one loopback port. Throws `ScriptError` for a wrong script and what `listen` throws. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const clock = options.clock ?? systemClock;
  const director = createDirector(clock);
  director.setScript(options.script ?? {});
  const inbox = createInbox(options.keepRequests);
  const host = options.host ?? '127.0.0.1';
  const gate = { open: true };
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0 }, (request, response) => {
    serve(request, response, { options, clock, director, inbox, gate }).catch(() => response.destroy());
  });
  await listen(server, options.port ?? 0, host);
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> => {
    gate.open = false;
    return new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    requests: inbox.requests,
    setScript: director.setScript,
    addRule: director.addRule,
    failNext: director.failNext,
    reset: () => {
      inbox.clear();
      director.restart();
    },
    waitFor: (predicate, timeoutMs = 5000) => inbox.waitFor(predicate, timeoutMs),
    refuse: stop,
    accept: () => {
      gate.open = true;
      return listen(server, port, host);
    },
    close: stop,
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface Stage {
  readonly options: SimulatorOptions;
  readonly clock: Clock;
  readonly director: Director;
  readonly inbox: Inbox;
  /** Closed while the simulator itself cuts its connections. */
  readonly gate: { readonly open: boolean };
}

async function serve(request: IncomingMessage, response: ServerResponse, stage: Stage): Promise<void> {
  const { clock, director, inbox, gate } = stage;
  const record = await readRequest(request, clock);
  const control = {
    requests: inbox.requests,
    setScript: director.setScript,
    failNext: director.failNext,
    reset: () => {
      inbox.clear();
      director.restart();
    },
  };
  if (answerControl(record, response, control)) return;
  record.sequence = inbox.nextSequence();
  const finish = (outcome: RequestOutcome): void => {
    record.finishedAt = clock.now();
    record.outcome = outcome;
    inbox.changed(record);
    stage.options.onFinished?.(record);
  };
  const counting = record.path.endsWith('/messages/count_tokens');
  const path = counting ? record.path.slice(0, -'/count_tokens'.length) : record.path;
  const addressed = findSurface(stage.options.surfaces ?? SURFACES, path);
  if (record.method !== 'POST' || addressed === undefined) {
    inbox.add(record);
    return finish(answerPlain(record, response, director.script, clock));
  }
  record.wire = addressed.surface.wire;
  record.model = modelOf(addressed, record.body);
  record.stream = wantsStream(addressed, record.body);
  if (counting) {
    inbox.add(record);
    return finish(answerCount(record, response, addressed, clock));
  }
  const plan = planFor(addressed, record, stage);
  inbox.add(record);
  if (await perform({ plan, response, record, clock, progress: () => inbox.changed(record) }))
    return finish(plan.outcome);
  if (!gate.open) return finish('closed');
  record.callerLeftAt = clock.now();
  finish('caller-left');
}

const ID_PREFIXES: Readonly<Partial<Record<WireId, string>>> = {
  'anthropic-messages': 'msg_sim_',
  'openai-responses': 'resp_sim_',
};

function planFor(addressed: Addressed, record: MutableRecord, { director, clock, options }: Stage): ResponsePlan {
  const { key, model, stream, path, headers, sequence } = record;
  const { surface } = addressed;
  const choice = director.chooser.choose({ key, model, stream, path, headers, wire: surface.wire });
  record.behaviour = choice.behaviour;
  record.chosenBy = choice.chosenBy;
  return planResponse({
    surface,
    body: record.body,
    stream,
    behaviour: choice.behaviour,
    id: `${ID_PREFIXES[surface.wire] ?? 'chatcmpl-sim-'}${sequence}`,
    requestId: `req_sim_${sequence}`,
    model: model ?? '',
    seed: director.script.seed ?? 1,
    wallMs: clock.wallMs(),
    makeText: options.makeText,
  });
}
