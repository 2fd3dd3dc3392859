import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WIRE_CLIENTS } from '@standin/core/library/wires';
import type { WireId } from '@standin/core/spec/index';
import { startSimulator, type Behaviour } from '@standin/simulator';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChainStandin } from './helpers/chain-standin.ts';
import { startGateway } from './helpers/running-gateway.ts';

interface Session {
  readonly client: string;
  readonly version: string;
  readonly requests: readonly {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
    /** Default 200. */
    readonly status?: number;
    /** What the answer's body must hold. */
    readonly holds?: readonly string[];
  }[];
}

function sessionOf(name: string): Session {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'sessions', `${name}.json`), 'utf8')) as Session;
}

/**
 * What the programs themselves sent to a gateway with stand-in vendors behind it (2026-11; Claude Code, Codex and
 * Gemini CLI in one turn with a tool), texts shortened and most tools left out; what Ollama's clients ask is written by hand.
 */
const SESSIONS = [
  { name: 'claude-code', own: 'anthropic-messages', tool: { name: 'Read', arguments: { file_path: '/x' } } },
  { name: 'codex', own: 'openai-responses', tool: { name: 'exec_command', arguments: { cmd: 'ls' } } },
  { name: 'gemini-cli', own: 'gemini', tool: { name: 'read_file', arguments: { file_path: '/x' } } },
  { name: 'ollama', own: 'ollama-chat', tool: { name: 'look', arguments: { x: 1 } } },
] as const;
const WIRES: readonly WireId[] = ['openai-chat', 'openai-responses', 'anthropic-messages', 'gemini', 'ollama-chat'];

describe.each(SESSIONS)('a session of $name', ({ name, own, tool }) => {
  const { requests } = sessionOf(name);
  test.each(WIRES.filter((wire) => WIRE_CLIENTS[wire] !== undefined))('is served over a vendor of %s', async (wire) => {
    const behaviour: Behaviour = {
      reasoning: 'let me look',
      text: 'All done.',
      toolCalls: [tool],
      usage: { inputTokens: 30, outputTokens: 9 },
    };
    const vendor = await startSimulator({ script: { defaults: behaviour } });
    const standin = createChainStandin([{ url: vendor.url, wire, keys: ['sk-vendor'] }]);
    const { url } = await startGateway({ standin });
    onTestFinished(async () => {
      standin.close();
      await vendor.close();
    });
    for (const { method, url: path, headers, body, status = 200, holds = [] } of requests) {
      const response = await fetch(url + path, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      expect([path, response.status, response.status === status ? '' : text]).toEqual([path, status, '']);
      for (const part of holds) expect(text).toContain(part);
      expect(response.headers.get('x-request-id')).not.toBeNull();
    }
    for (const { rawBody, headers } of vendor.requests) {
      expect(rawBody + JSON.stringify(headers)).not.toContain('CALLER_KEY');
    }
    // The tool's answer of the last turn, and what it was asked with, reached the vendor.
    const last = vendor.requests.at(-1)?.rawBody ?? '';
    expect(last).toContain(tool.name);
    if (wire === own) expect(vendor.requests.at(-1)?.wire).toBe(own);
  });
});

describe('what Claude Code sends beside its calls', () => {
  test('beta headers reach Anthropic as they came, and nobody else', async () => {
    const session = sessionOf('claude-code');
    const call = session.requests.find(({ method }) => method === 'POST');
    for (const wire of ['anthropic-messages', 'openai-chat'] as const) {
      const vendor = await startSimulator();
      const standin = createChainStandin([{ url: vendor.url, wire }]);
      const { url } = await startGateway({ standin });
      onTestFinished(async () => {
        standin.close();
        await vendor.close();
      });
      await (
        await fetch(url + (call?.url ?? ''), {
          method: 'POST',
          headers: call?.headers,
          body: JSON.stringify(call?.body),
        })
      ).text();
      const beta = vendor.requests[0]?.headers['anthropic-beta'];
      expect(beta).toBe(wire === 'anthropic-messages' ? call?.headers['anthropic-beta'] : undefined);
    }
  });
});
