import type { Command } from 'commander';
import type { Config } from '@standin/core/config/model';
import type { CommandContext } from '../cli/context.ts';
import { ExitWith } from '../cli/exit.ts';
import { readConfig } from '../cli/open.ts';
import type { Output } from '../cli/output.ts';
import { CATEGORY_TITLES, type Finding } from '../doctor/finding.ts';
import type { RemoteTarget } from '../doctor/remote-checks.ts';

interface DoctorOptions {
  readonly live?: boolean;
  readonly json?: boolean;
  readonly offline?: boolean;
}

const EXAMPLES = `
Examples:
  $ standin doctor
  $ standin doctor --live                 # one tiny real call for each key
  $ standin doctor --json | jq '.findings[] | select(.level == "error")'

It checks the config, files and their permissions, each key against its vendor, each address by phase (DNS, TCP, TLS,
HTTP), whether the model is offered, and the clock. Each finding names the command that mends it.
Without --live no model is called; the model list of each endpoint is read once with its first key.
Exit codes: 0 no error, 1 at least one error.`;

export function register(command: Command, context: CommandContext): void {
  command
    .option('--live', 'call each model once with each key (costs a few tokens)')
    .option('--offline', 'open no connection: config, files and keys only')
    .option('--json', 'print {"ok", "errors", "warnings", "findings": [...]}')
    .addHelpText('after', EXAMPLES)
    .action(async (options: DoctorOptions) => doctor(options, context));
}

async function doctor(options: DoctorOptions, context: CommandContext): Promise<void> {
  const config = await readConfig(context);
  const { checkConfig, checkFiles, checkKeys } = await import('../doctor/local-checks.ts');
  const findings = [...checkConfig(config), ...checkFiles(config, context.env), ...checkKeys(config)];
  if (options.offline !== true) findings.push(...(await remoteFindings(config, misplaced(findings), options, context)));
  const redacted = context.logger().redactDeep(findings) as Finding[];
  const count = (level: Finding['level']): number => redacted.filter((finding) => finding.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (options.json === true)
    context.output.print(JSON.stringify({ ok: errors === 0, errors, warnings, findings: redacted }, null, 2));
  else printFindings(redacted, context.output);
  if (errors > 0) throw new ExitWith(1);
}

/** Entries whose key belongs to another vendor: it is not sent there to find out. */
function misplaced(findings: readonly Finding[]): Set<string> {
  const wrong = findings.filter(({ level, category }) => level === 'error' && category === 'keys');
  return new Set(wrong.map(({ subject }) => subject.split(' ')[0] ?? ''));
}

async function remoteFindings(
  config: Config,
  skipped: ReadonlySet<string>,
  options: DoctorOptions,
  context: CommandContext,
): Promise<Finding[]> {
  const [{ createRouter }, { WIRE_CLIENTS }, { createHttpTransport }, { checkRemote }, { standinOf }] =
    await Promise.all([
      import('@standin/core/config/resolve'),
      import('@standin/core/library/wires'),
      import('@standin/core/transport/http-transport'),
      import('../doctor/remote-checks.ts'),
      import('@standin/core/library/create-standin'),
    ]);
  const router = createRouter(config, { wires: WIRE_CLIENTS, env: context.env });
  const transport = createHttpTransport();
  const standin = standinOf(router, { transport });
  try {
    const remotes = [...config.entries.values()].flatMap((entry): RemoteTarget[] => {
      const endpoint = entry.unusable === undefined ? router.endpoint(entry.ref) : undefined;
      const target =
        endpoint === undefined ? undefined : router.plan(entry.ref).targets.find((one) => one.entry === entry.ref);
      if (endpoint === undefined || target === undefined || entry.row === undefined || skipped.has(entry.ref))
        return [];
      return [{ ref: entry.ref, row: entry.row, endpoint, target, hasUri: entry.uri !== undefined }];
    });
    const checked = await Promise.all(remotes.map(async (remote) => checkRemote(remote, transport, Date.now)));
    if (options.live !== true) return checked.flat();
    const { probeLive } = await import('../doctor/live.ts');
    const live = await Promise.all(remotes.map(async (remote) => probeLive(remote, standin, context.interrupt.signal)));
    return [...checked.flat(), ...live.flat()];
  } finally {
    standin.close();
  }
}

function printFindings(findings: readonly Finding[], output: Output): void {
  const { style } = output;
  const marks = { ok: style.green('ok   '), warning: style.yellow('warn '), error: style.red('error') };
  for (const [category, title] of Object.entries(CATEGORY_TITLES)) {
    const rows = findings.filter((finding) => finding.category === category);
    if (rows.length === 0) continue;
    output.print(style.bold(title));
    for (const { level, subject, message, mend } of rows) {
      output.print(`  ${marks[level]} ${subject}: ${message}`);
      if (mend !== undefined) output.print(`        ${style.dim('mend:')} ${style.cyan(mend)}`);
    }
  }
  const count = (level: Finding['level']): number => findings.filter((finding) => finding.level === level).length;
  output.print(`\n${count('ok')} ok, ${count('warning')} warnings, ${count('error')} errors`);
}
