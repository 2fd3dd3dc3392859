import type { Standin } from '@standin/core/library/standin-types';
import type { Output } from '../cli/output.ts';
import type { Upstream } from './upstream.ts';

function upstreamLine({ kind, config, local = [] }: Upstream): string {
  switch (kind) {
    case 'config':
      return `Config: ${config.file ?? ''}`;
    case 'environment':
      return `No config file; using the vendor keys of the environment: ${[...config.entries.values()].map((entry) => entry.keySource ?? entry.ref).join(', ')}`;
    case 'local':
      return `No config file and no vendor key; using what answers on this machine: ${local.map(({ name, uri }) => `${name} at ${uri}`).join(', ')}`;
    case 'simulated':
      return 'SIMULATED VENDORS: no config, no vendor key and no local server was found, so the answers are made up.';
  }
}

function chatCommand(url: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] });
  return `curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body.replaceAll("'", "'\\''")}'`;
}

/** The first screen: where it listens, what it serves from, what to try. The URL alone goes to standard output. */
export function printWelcome(url: string, upstream: Upstream, standin: Standin, output: Output): void {
  const { errorStyle: style } = output;
  const walk = standin.plan().targets.map((target) => `${target.entry} (${target.model})`);
  output.print(`Standin is listening on ${url}`);
  output.note(upstream.kind === 'simulated' ? style.yellow(upstreamLine(upstream)) : upstreamLine(upstream));
  output.note(`Walk:   ${walk.join(' → ')}`);
  output.note(
    `Routes: POST /v1/chat/completions, /v1/responses, /v1/messages, /v1beta/models/{model}:generateContent, /api/chat; GET /v1/models, /health/live, /health/ready, /metrics`,
  );
  if (upstream.demo === undefined) {
    output.note(`\nTry:\n  ${chatCommand(url, standin.plan().targets[0]?.model ?? 'default')}\n`);
    return;
  }
  const chat = chatCommand(url, upstream.demo.model);
  output.note(`\nTry a call:\n  ${chat}`);
  output.note('\nMake the first vendor fail, and watch the fallback answer the same call:');
  output.note(`  ${upstream.demo.failCommand} && ${chat}`);
  output.note('\nFor real vendors set a key (ANTHROPIC_API_KEY, OPENAI_API_KEY, …) or write a standin.toml.\n');
}
