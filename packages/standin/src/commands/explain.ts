import type { Command } from 'commander';
import type { RequestRecord } from '@standin/core/route/record';
import type { ExplainedDecision } from '@standin/core/route/record-explain';
import type { AttemptRecord } from '@standin/core/spec/errors';
import type { CommandContext } from '../cli/context.ts';
import { EXIT, ExitWith, UsageError } from '../cli/exit.ts';
import { readConfig } from '../cli/open.ts';
import { type Output } from '../cli/output.ts';
import { columnsOf, table } from '../cli/table.ts';

interface ExplainOptions {
  readonly json?: boolean;
  readonly url?: string;
}

const EXAMPLES = `
The id is the answer's x-request-id. The running gateway is asked first, then the records it has left on disk, which hold
the requests in which something had to be decided. Of a request that an agent of the gateway answered, every model call is told.

Examples:
  $ standin explain req_0a1b2c3d
  $ standin explain req_0a1b2c3d --json | jq '.attempts[].outcome'`;

export function register(command: Command, context: CommandContext): void {
  command
    .argument('<request-id>', 'x-request-id of the answer')
    .option('--json', 'print the record')
    .option('--url <url>', 'address of the gateway (default: [gateway] of the config)')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: ExplainOptions) => explain(id, options, context));
}

async function explain(id: string, options: ExplainOptions, context: CommandContext): Promise<void> {
  const url = options.url ?? (await gatewayUrl(context));
  const record = (await fromGateway(url, id)) ?? (await fromDisk(id, context));
  const records = record === undefined ? await stepsOf(id, url, context) : [record];
  if (records.length === 0) {
    context.output.note(
      `standin: no record of ${id}: the gateway at ${url} does not know it, and no record of it was left on disk. A request that was answered at once is kept by the running gateway only, among the last thousand.`,
    );
    throw new ExitWith(EXIT.callFailed);
  }
  const [{ replay }, { explainDecision }] = await Promise.all([
    import('@standin/core/route/record-replay'),
    import('@standin/core/route/record-explain'),
  ]);
  const all = records.map((one) => ({ ...one, replay: replay(one) }));
  if (options.json === true) return context.output.print(JSON.stringify(all.length === 1 ? all[0] : all, null, 2));
  const { style } = context.output;
  for (const [at, one] of all.entries()) {
    if (at > 0) context.output.print();
    const decisions = one.decisions.map((decision) => explainDecision(decision, one));
    printRecord(one, decisions, context.output);
    const count = one.decisions.length;
    if (one.replay.same && count > 0)
      context.output.print(style.dim(`\nReplayed: ${count} of ${count} decisions come out the same.`));
    for (const difference of one.replay.differences) context.output.print(style.yellow(`\nReplayed: ${difference}.`));
  }
}

/** The model calls of a request that an agent answered on the gateway: `ID.1`, `ID.2` … */
async function stepsOf(id: string, url: string, context: CommandContext): Promise<RequestRecord[]> {
  const steps: RequestRecord[] = [];
  for (;;) {
    const step = await fromGateway(url, `${id}.${steps.length + 1}`);
    if (step === undefined) break;
    steps.push(step);
  }
  if (steps.length > 0) return steps;
  const number = (record: RequestRecord): number => Number(record.id.slice(id.length + 1));
  const kept = await (await recordsOnDisk(context)).list();
  const own = kept.filter((record) => record.id.startsWith(`${id}.`) && Number.isInteger(number(record)));
  return own.toSorted((one, other) => number(one) - number(other));
}

async function gatewayUrl(context: CommandContext): Promise<string> {
  const { gateway } = (await readConfig(context).catch(() => undefined))?.document ?? {};
  const host = gateway?.host ?? '127.0.0.1';
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${gateway?.port ?? 8787}`;
}

/** A gateway that does not run is no error. */
async function fromGateway(url: string, id: string): Promise<RequestRecord | undefined> {
  if (!URL.canParse(url)) throw new UsageError(`--url ${url} is not a URL; write http://127.0.0.1:8787.`);
  try {
    const address = new URL(`/api/requests/${encodeURIComponent(id)}`, url);
    const response = await fetch(address, { signal: AbortSignal.timeout(3_000), redirect: 'error' });
    if (!response.ok) return undefined;
    const record = (await response.json()) as RequestRecord;
    return record.version === 1 ? record : undefined;
  } catch {
    return undefined;
  }
}

async function fromDisk(id: string, context: CommandContext): Promise<RequestRecord | undefined> {
  return (await recordsOnDisk(context)).get(id);
}

async function recordsOnDisk(context: CommandContext) {
  const [{ standinHome }, { readRecords }] = await Promise.all([
    import('@standin/core/config/files'),
    import('../records/record-file.ts'),
  ]);
  return readRecords(standinHome(context.env));
}

function printRecord(record: RequestRecord, decisions: readonly ExplainedDecision[], output: Output): void {
  const { style } = output;
  const { outcome, attempts } = record;
  const end = outcome === 'ok' ? style.green('answered') : outcome === 'pending' ? 'still running' : style.red(outcome);
  const asked = record.requestedModel === '' ? 'the default model' : record.requestedModel;
  output.print(
    `${style.bold(record.id)}  ${new Date(record.startedAt).toISOString()}  ${asked}  ${end}${took(record.tookMs)}`,
  );
  if (attempts.length === 0) output.print('No vendor was asked.');
  else {
    output.print();
    output.print(table([HEAD, ...attempts.map(attemptRow)], { ...columnsOf(output), words: [1, 3, 9] }));
  }
  output.print();
  output.print(style.bold('Why'));
  for (const attempt of attempts) {
    if (record.decisions.length === 0)
      output.print(`  ${attempt.attempt}. ${attempt.reason}: nothing stood in its way`);
  }
  for (const decision of decisions) for (const line of explained(decision)) output.print(line);
  for (const { attempt, paced } of attempts) {
    if (paced === undefined) continue;
    const { hedgeMs, firstContentMs, samples, p95Ms } = paced;
    output.print(
      style.dim(
        `  ${attempt}. limits at this model's own pace: the next one asked too after ${seconds(hedgeMs)}, given up after ${seconds(firstContentMs)} (${samples} first contents seen, 95 % within ${seconds(p95Ms)})`,
      ),
    );
  }
  const words = attempts.flatMap(({ attempt, message }) => (message === undefined ? [] : [`  ${attempt}. ${message}`]));
  if (words.length > 0) {
    output.print();
    output.print(style.bold('What the vendors said'));
    for (const line of words) output.print(line);
  }
  if (record.message !== undefined)
    output.print(`\n${style.bold('What the caller was told')}\n  ${record.message.replaceAll('\n', '\n  ')}`);
}

const HEAD = ['#', 'target', 'key', 'outcome', 'waited', 'first', 'total', 'bytes', 'tokens', 'how'];

function attemptRow(attempt: AttemptRecord): string[] {
  const { startedMs, firstContentMs, endedMs, usage } = attempt;
  return [
    String(attempt.attempt),
    `${attempt.provider} ${attempt.model}`,
    attempt.key ?? '',
    attempt.status === undefined ? attempt.outcome : `${attempt.outcome} ${attempt.status}`,
    attempt.waitedMs === 0 ? '' : seconds(attempt.waitedMs),
    firstContentMs === undefined ? '' : seconds(firstContentMs - startedMs),
    seconds(endedMs - startedMs),
    attempt.bytes === undefined ? '' : String(attempt.bytes),
    usage === undefined ? '' : `${usage.inputTokens ?? '?'}+${usage.outputTokens ?? '?'}`,
    attempt.rescue ?? '',
  ];
}

/** One decision: what had happened, what it led to, and what it was looked up for. */
function explained({ atMs, after, then, rule, health }: ExplainedDecision): string[] {
  const lines = [`  after ${seconds(atMs)}: ${after} → ${then}`, `      rule: ${rule}`];
  if (health.length > 0) lines.push(`      health: ${health.join('; ')}`);
  return lines;
}

const seconds = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`);

const took = (ms: number | undefined): string => (ms === undefined ? '' : ` after ${seconds(ms)}`);
