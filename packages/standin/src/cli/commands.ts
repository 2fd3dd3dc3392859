import type { CommandModule } from './context.ts';

export interface CommandRow {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  /** Loaded only when this command is the one that runs, so that none pays for another. */
  readonly load: () => Promise<CommandModule>;
}

export const COMMANDS: readonly CommandRow[] = [
  {
    name: 'agent',
    summary: 'ask a model: one turn with -m or piped input, a conversation without',
    load: () => import('../commands/agent.ts'),
  },
  {
    name: 'batch',
    summary: 'ask many prompts from a file; results as they finish, resumable',
    load: () => import('../commands/batch.ts'),
  },
  {
    name: 'serve',
    alias: 'gateway',
    summary: 'run the gateway that OpenAI and Anthropic clients can talk to',
    load: () => import('../commands/serve.ts'),
  },
  {
    name: 'plan',
    summary: 'print the exact walk that the config yields: targets, models, URLs, keys',
    load: () => import('../commands/plan.ts'),
  },
  {
    name: 'rehearse',
    summary: 'play every failure against your config, with stand-ins in place of the vendors',
    load: () => import('../commands/rehearse.ts'),
  },
  {
    name: 'explain',
    summary: 'the recorded attempts of one request, and the rule behind each decision',
    load: () => import('../commands/explain.ts'),
  },
  {
    name: 'config',
    summary: 'list, get, set and validate the configuration',
    load: () => import('../commands/config.ts'),
  },
  {
    name: 'providers',
    summary: 'the catalog of vendors: aliases, endpoints, key variables, examples',
    load: () => import('../commands/providers.ts'),
  },
  {
    name: 'models',
    summary: 'list or refresh what each configured endpoint advertises',
    load: () => import('../commands/models.ts'),
  },
  {
    name: 'auth',
    summary: 'sign in to vendors with an account: login, status, logout, refresh, import',
    load: () => import('../commands/auth.ts'),
  },
  {
    name: 'keys',
    summary: "make, list and revoke the keys that the gateway's callers present",
    load: () => import('../commands/keys.ts'),
  },
  {
    name: 'pair',
    summary: 'print a new one-time code that pairs a browser with the dashboard',
    load: () => import('../commands/pair.ts'),
  },
  {
    name: 'usage',
    summary: 'tokens and cost from the ledger, by model, provider, key, agent or day',
    load: () => import('../commands/usage.ts'),
  },
  {
    name: 'init',
    summary: 'write a first config: finds keys and local servers, asks the rest',
    load: () => import('../commands/init.ts'),
  },
  {
    name: 'doctor',
    summary: 'check config, keys, addresses, models, clock and permissions; each finding with its remedy',
    load: () => import('../commands/doctor.ts'),
  },
  {
    name: 'completion',
    summary: 'print the completion script for bash, zsh or fish',
    load: () => import('../commands/completion.ts'),
  },
  {
    name: 'simulate',
    summary: 'run a stand-in vendor on loopback with scripted faults',
    load: () => import('../commands/simulate.ts'),
  },
  {
    name: 'ui',
    summary: 'the terminal interface: config, live requests, chain health, spend',
    load: () => import('../commands/ui.ts'),
  },
];
