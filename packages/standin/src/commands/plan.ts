import type { Command } from 'commander';
import type { Endpoint, Plan, Target } from '@standin/core/route/target';
import type { CommandContext } from '../cli/context.ts';
import { openStandin } from '../cli/open.ts';
import type { Output } from '../cli/output.ts';
import { selectorFor } from '../cli/selector.ts';

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
        if (options.json === true) context.output.print(JSON.stringify({ targets, warnings }, null, 2));
        else printPlan(plan, targets, warnings, context.output);
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

function printPlan(plan: Plan, targets: readonly PlannedTarget[], warnings: readonly string[], output: Output): void {
  const { style } = output;
  if (plan.requestedModel !== '') output.print(`Asked for ${style.bold(plan.requestedModel)}; tried in this order:`);
  targets.forEach((target, i) => {
    output.print(
      `${String(i + 1).padStart(2)}. ${style.bold(target.model || '(no model)')}  ${style.cyan(target.entry)}`,
    );
    const keys = target.keys.length === 0 ? 'none' : target.keys.map((key) => `key:${key}`).join(', then ');
    output.print(`    ${style.dim(`${target.wire}  ${target.url}`)}`);
    output.print(`    ${style.dim(`keys: ${keys}`)}`);
  });
  const { limits } = plan;
  output.print(
    style.dim(
      `\nAt most ${limits.maxAttempts} attempts in ${seconds(limits.deadlineMs)}; up to ${limits.retriesPerTarget} retries of one target,` +
        ` first content within ${seconds(targets.length > 1 ? limits.firstContentMs : limits.firstContentLastMs)}.`,
    ),
  );
  for (const weak of weakPoints(targets)) output.print(`${style.yellow('weak:')} ${weak}`);
  for (const warning of warnings) output.print(`${style.yellow('warning:')} ${warning}`);
}

/** Where this walk breaks with a single failure. */
function weakPoints(targets: readonly PlannedTarget[]): string[] {
  const [first] = targets;
  if (first === undefined) return ['there is no usable target'];
  const weak: string[] = [];
  if (targets.length === 1) weak.push('there is no fallback: when this target fails, the call fails');
  const hosts = new Set(targets.map((target) => (URL.canParse(target.url) ? new URL(target.url).host : target.url)));
  if (targets.length > 1 && hosts.size === 1)
    weak.push(`every target is at ${[...hosts][0]}: when it is down, the call fails`);
  return weak;
}
