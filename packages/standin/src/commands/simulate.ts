import type { Command } from 'commander';
import type { Script, Simulator } from '@standin/simulator';
import type { CommandContext } from '../cli/context.ts';
import { EXIT, ExitWith, UsageError } from '../cli/exit.ts';
import { portNumber } from './serve.ts';

interface SimulateOptions {
  readonly host: string;
  readonly port: string;
  readonly script?: string;
}

const EXAMPLES = `
Examples:
  $ standin simulate --port 9000
  $ curl http://127.0.0.1:9000/v1/chat/completions -d '{"model": "sim-429-after2-x2", "messages": [{"role": "user", "content": "Hi"}]}'
  $ standin simulate --script outage.toml
  $ curl http://127.0.0.1:9000/sim/requests      # what arrived, and how it was treated
  $ curl http://127.0.0.1:9000/sim/help          # every word a model name may hold

The model name or the script chooses the behaviour: waits, errors, cuts, silence, broken events.`;

export function register(command: Command, context: CommandContext): void {
  command
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on, 0 for a free one', portNumber, '0')
    .option('--script <file>', 'TOML or JSON script of faults')
    .addHelpText('after', EXAMPLES)
    .action(async (options: SimulateOptions) => simulate(options, context));
}

async function simulate(options: SimulateOptions, context: CommandContext): Promise<void> {
  const { output, interrupt } = context;
  const simulator = await startListening(options);
  output.print(`Stand-in vendors are listening on ${simulator.url}`);
  output.note(`  POST ${simulator.url}/v1/chat/completions   OpenAI`);
  output.note(`  POST ${simulator.url}/v1/messages           Anthropic`);
  output.note(`  GET  ${simulator.url}/sim/help              what a model name or script can ask for`);
  if (!interrupt.signal.aborted) {
    await new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  await simulator.close();
  if (interrupt.cause === 'SIGINT') throw new ExitWith(EXIT.interrupted);
}

async function startListening(options: SimulateOptions): Promise<Simulator> {
  const { loadScript, startSimulator } = await import('@standin/simulator');
  try {
    const script: Script | undefined = options.script === undefined ? undefined : await loadScript(options.script);
    return await startSimulator({
      host: options.host,
      port: Number(options.port),
      ...(script === undefined ? {} : { script }),
    });
  } catch (error) {
    if (error instanceof Error && error.name === 'ScriptError') throw new UsageError(error.message, { cause: error });
    const sentence = listenSentence(error, options);
    if (sentence === undefined) throw error;
    throw new UsageError(sentence, { cause: error });
  }
}

function listenSentence(error: unknown, { host, port }: SimulateOptions): string | undefined {
  switch ((error as NodeJS.ErrnoException | null)?.code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is in use by another program; choose another with --port.`;
    case 'EACCES':
      return `Port ${port} on ${host} may not be opened by this user; choose one above 1023 with --port.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is not an address of this machine; choose another with --host.`;
    default:
      return undefined;
  }
}
