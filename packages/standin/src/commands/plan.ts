import type { Command } from 'commander';
import type { Endpoint, Limits, Plan, Target } from '@standin/core/route/target';
import type { Config } from '@standin/core/config/model';
import type { CommandContext } from '../cli/context.ts';
import { openStandin } from '../cli/open.ts';
import type { Output } from '../cli/output.ts';
import { fitLine } from '../cli/table.ts';
import { selectorFor } from '../cli/selector.ts';
import { worstCase, type WorstCase } from '../plan/timings.ts';
import { drawTree, treeOf } from '../plan/tree.ts';
import { weakPoints } from '../plan/weak-points.ts';

interface PlanOptions {
  readonly agent?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly json?: boolean;
}

/** One target as `plan --json` prints it. A contract. */
export interface PlannedTarget {
  readonly entry: string;
  readonly slot: string;
  readonly model: string;
  readonly wire: string;
  readonly url: string;
  readonly keys: readonly string[];
}

const EXAMPLES = `
Examples:
  $ standin plan
  $ standin plan --model hint:fast
  $ standin plan -a researcher --json | jq '.targets[].url'`;

export function register(command: Command, context: CommandContext): void {
  command
    .option('-a, --agent <alias>', 'agent of the config')
    .option('--provider <type.alias>', 'provider entry')
    .option('--model <model>', 'model, agent, entry or hint:NAME')
    .option('--json', 'print {"targets": [...], "warnings": [...]}')
    .addHelpText('after', EXAMPLES)
    .action(async (options: PlanOptions) => {
      const open = await openStandin(context, { quietWarnings: true });
      try {
        const plan = open.standin.plan(await selectorFor(options, open));
        const warnings = [...new Set([...open.warnings, ...plan.warnings])];
        const targets = plan.targets.map(describeTarget);
        const weak = weakPoints(plan.targets.map((target, index) => ({ target, url: targets[index]?.url ?? '' })));
        const worst = worstCase(plan);
        if (options.json === true) {
          const document = {
            targets,
            warnings,
            weak_points: weak,
            limits: plan.limits,
            worst_case: shownWorst(worst, plan.limits),
          };
          context.output.print(JSON.stringify(document, null, 2));
        } else printPlan({ plan, targets, warnings, weak, worst, config: open.config }, context.output);
      } finally {
        open.standin.close();
      }
    });
}

export function describeTarget(target: Target): PlannedTarget {
  const { entry, slot, model, via } = target;
  const keys = target.keys.filter((key) => key.fingerprint !== 'none').map((key) => key.fingerprint);
  if ('provider' in via) return { entry, slot, model, wire: 'library', url: '', keys };
  return { entry, slot, model, wire: via.endpoint.wire.id, url: urlOf(target, via.endpoint), keys };
}

/** Some wires put the model into the path, so the URL is asked of a call as it would be made. */
function urlOf({ slot, model }: Target, endpoint: Endpoint): string {
  const target = { model, quirks: endpoint.quirksFor(model), issuer: `${slot}:${model}`, defaults: endpoint.defaults };
  const call = endpoint.wire.encode({ messages: [{ role: 'user', content: '?' }] }, target, 'stream');
  return withoutSecrets(endpoint.urlFor(call.path));
}

/** A query may carry a key (`?key=…`); its name says so. */
export function withoutSecrets(url: string): string {
  return url.replace(/([?&][^=&#]*(?:key|token|secret|sig|password|auth)[^=&#]*=)[^&#]+/gi, '$1***');
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;

/** For scripts; positions are those of `targets`. */
function shownWorst({ targets, hedgeMs, overMs }: WorstCase, limits: Limits): object {
  return {
    hedge_ms: hedgeMs ?? null,
    hedge_range_ms: hedgeMs === undefined ? null : (limits.hedgeRangeMs ?? null),
    first_content_range_ms: hedgeMs === undefined ? null : (limits.firstContentRangeMs ?? null),
    over_ms: overMs,
    targets: targets.map(({ askedByMs, silentMs, backoffMs, retries }) => ({
      asked_by_ms: askedByMs,
      silent_ms: silentMs,
      backoff_ms: backoffMs,
      retries,
    })),
  };
}

interface Shown {
  readonly plan: Plan;
  readonly targets: readonly PlannedTarget[];
  readonly warnings: readonly string[];
  readonly weak: readonly string[];
  readonly worst: WorstCase;
  readonly config: Config;
}

function printPlan({ plan, targets, warnings, weak, worst, config }: Shown, output: Output): void {
  const { style } = output;
  if (plan.requestedModel !== '') output.print(`Asked for ${style.bold(plan.requestedModel)}; tried in this order:`);
  const entries = targets.map((target) => target.entry);
  for (const { stem, under, shows } of drawTree(treeOf(entries, config))) {
    if ('entry' in shows) {
      const first = targets.find((target) => target.entry === shows.entry);
      const keys =
        first === undefined || first.keys.length === 0
          ? 'no key'
          : first.keys.map((key) => `key:${key}`).join(', then ');
      const used = stem.length + shows.entry.length + 2;
      output.print(`${stem}${style.cyan(shows.entry)}  ${style.dim(fitLine(keys, used, output))}`);
      continue;
    }
    const target = targets[shows.target];
    const timing = worst.targets[shows.target];
    if (target === undefined || timing === undefined) continue;
    const used = under.length + 3;
    output.print(`${stem}${shows.target + 1}. ${style.bold(fitLine(target.model || '(no model)', used + 2, output))}`);
    output.print(`${under}   ${style.dim(fitLine(`${target.wire}  ${target.url}`, used, output))}`);
    const asked = timing.askedByMs === 0 ? 'asked at once' : `asked after ${seconds(timing.askedByMs)} at the latest`;
    const backoff =
      timing.retries === 0 ? 'no retry' : `${timing.retries} retries within ${seconds(timing.backoffMs)} of backoff`;
    const timed = `${asked}; given up after ${seconds(timing.silentMs)} of silence; ${backoff}`;
    output.print(`${under}   ${style.dim(fitLine(timed, used, output))}`);
  }
  for (const line of limitLines(plan, worst)) output.print(style.dim(line));
  for (const point of weak) output.print(`${style.yellow('weak:')} ${point}`);
  for (const warning of warnings) output.print(`${style.yellow('warning:')} ${warning}`);
}

/** Which of the two limits for silence move with the model. */
function pacedLine({ hedgeRangeMs, firstContentRangeMs, firstContentMs }: Limits): string {
  const range = ([least, most]: readonly [number, number]) => `${least / 1000} to ${most / 1000} s`;
  const moving = [
    ...(hedgeRangeMs === undefined ? [] : [`asking the next one too moves within ${range(hedgeRangeMs)}`]),
    ...(firstContentRangeMs === undefined
      ? []
      : [`giving up (${seconds(firstContentMs)}) within ${range(firstContentRangeMs)}`]),
  ];
  return moving.length === 0 ? '' : `Once a running gateway knows a model's own times, ${moving.join(', ')}.`;
}

function limitLines({ limits, rescue }: Plan, { hedgeMs, overMs }: WorstCase): string[] {
  const hedge = hedgeMs === undefined ? '' : ` The next target is asked too after ${seconds(hedgeMs)} of silence.`;
  const paced = hedgeMs === undefined ? '' : pacedLine(limits);
  const mended = rescue === 'off' ? 'is not mended' : 'is mended where that can be verified';
  return [
    '',
    `At most ${limits.maxAttempts} attempts; an answer or an error within ${seconds(overMs)}.${hedge}`,
    ...(paced === '' ? [] : [paced]),
    `A Retry-After of up to ${seconds(limits.retryAfterWaitMs)} is waited for. An answer that breaks off, or is silent for ${seconds(limits.idleMs)}, ${mended}.`,
  ];
}
