import { afterAll, afterEach, beforeAll } from 'vitest';
import { startSimulator, type Behaviour, type Rule, type Simulator } from '@standin/simulator';
import { configGateway } from './config-gateway.ts';
import { startMcpServer } from './mcp-server.ts';

export const USAGE = { inputTokens: 10, outputTokens: 5 };

export let vendor: Simulator;
export let backup: Simulator;
/** To be called by each test file: they share this module. */
export function useVendors(): void {
  beforeAll(async () => {
    [vendor, backup] = await Promise.all([startSimulator(), startSimulator()]);
  });
  afterAll(async () => {
    await Promise.all([vendor.close(), backup.close()]);
  });
  afterEach(() => {
    for (const one of [vendor, backup]) {
      one.setScript({});
      one.reset();
    }
  });
}

/** A lead with tools of its own, a helper it may hand work to, and one whose callers bring their own. */
export const toml = (mcp: string, more = '', alias = 'lead'): string => `schema_version = 3
[providers.models.custom.main]
uri = "${vendor.url}/v1"
api_key = "sk-a"
model = "m"
fallback = ["anthropic.spare"]
pricing = { m = { input = 1, output = 2 } }
[providers.models.anthropic.spare]
uri = "${backup.url}"
api_key = "sk-b"
model = "s"
pricing = { s = { input = 1, output = 2 } }
[agents.${alias}]
model_provider = "custom.main"
system_prompt = "You lead."
tools = ["every"]
approval = { "get-sum" = "allow", wait = "allow", echo = "ask" }
run_tools = "gateway"
delegates = ["helper"]
${more}
[agents.helper]
model_provider = "anthropic.spare"
system_prompt = "You help."
[agents.plain]
model_provider = "custom.main"
tools = ["every"]
[mcp.servers.every]
${mcp}
`;

/** A gateway over it, with its tools from a server in this process. */
export async function bench(more = '', options: Parameters<typeof configGateway>[1] = {}, alias = 'lead') {
  const mcp = await startMcpServer();
  return { ...(await configGateway(toml(`url = "${mcp.url}"`, more, alias), options)), mcp };
}

/** The vendor's answers in turn. */
export function say(...turns: (Behaviour | string)[]): void {
  const rules = turns.map((turn): Rule => ({ times: 1, behaviour: typeof turn === 'string' ? { text: turn } : turn }));
  vendor.setScript({ defaults: { usage: USAGE, callAgain: true }, rules });
}
export const call = (name: string, args: unknown, text = ''): Behaviour => ({
  toolCalls: [{ name, arguments: args }],
  text,
});
export const SUM = call('get-sum', { a: 20, b: 22 }, 'I add.');
export const bodies = (one = vendor): string[] => one.requests.map(({ body }) => JSON.stringify(body));

export const ASK = { model: 'lead', messages: [{ role: 'user', content: 'How much?' }] };
