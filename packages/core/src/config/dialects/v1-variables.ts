import { resolveSlug } from '../../vendors/lookup.ts';
import type { Tree } from '../path.ts';
import { isUnset, type DialectVariable } from './variables.ts';

const RUNTIME = 'runtime';

function providerOf(tree: Tree): string | undefined {
  const name = tree['default_provider'] ?? tree['model_provider'];
  return typeof name === 'string' ? name : undefined;
}

function isFamily(tree: Tree, slot: string): boolean {
  const name = providerOf(tree);
  return name !== undefined && resolveSlug(name, 'v1')?.row.id === slot;
}

/** The name alone could belong to any program: it counts only where the file leaves the choice open. */
const openProvider = (tree: Tree) => [undefined, 'openrouter'].includes(providerOf(tree));
const openKey = (tree: Tree) => isUnset(tree, ['api_key']) && isUnset(tree, ['reliability', 'api_keys']);

/** ZeroClaw v1's variables, the stronger name of a key first (its config loader, read 2026-09). */
export const V1_VARIABLES: readonly DialectVariable[] = [
  { name: 'ZEROCLAW_PROVIDER', path: ['default_provider'], type: 'text' },
  { name: 'ZEROCLAW_MODEL_PROVIDER', path: ['default_provider'], type: 'text' },
  { name: 'MODEL_PROVIDER', path: ['default_provider'], type: 'text', weak: openProvider },
  { name: 'PROVIDER', path: ['default_provider'], type: 'text', weak: openProvider },
  { name: 'ZEROCLAW_MODEL', path: ['default_model'], type: 'text' },
  { name: 'MODEL', path: ['default_model'], type: 'text', weak: (tree) => isUnset(tree, ['default_model']) },
  { name: 'ZEROCLAW_API_KEY', path: ['api_key'], type: 'text' },
  { name: 'GLM_API_KEY', path: ['api_key'], type: 'text', weak: (tree) => isFamily(tree, 'glm') && openKey(tree) },
  { name: 'ZAI_API_KEY', path: ['api_key'], type: 'text', weak: (tree) => isFamily(tree, 'zai') && openKey(tree) },
  { name: 'ZEROCLAW_PROVIDER_TIMEOUT_SECS', path: ['provider_timeout_secs'], type: 'integer' },
  { name: 'ZEROCLAW_EXTRA_HEADERS', path: ['extra_headers'], type: 'headers' },
  { name: 'ZEROCLAW_TEMPERATURE', path: ['default_temperature'], type: 'number' },
  { name: 'ZEROCLAW_REASONING_ENABLED', path: [RUNTIME, 'reasoning_enabled'], type: 'boolean' },
  { name: 'REASONING_ENABLED', path: [RUNTIME, 'reasoning_enabled'], type: 'boolean' },
  { name: 'ZEROCLAW_REASONING_EFFORT', path: [RUNTIME, 'reasoning_effort'], type: 'text' },
  { name: 'REASONING_EFFORT', path: [RUNTIME, 'reasoning_effort'], type: 'text' },
  { name: 'ZEROCLAW_CODEX_REASONING_EFFORT', path: [RUNTIME, 'reasoning_effort'], type: 'text' },
  { name: 'ZEROCLAW_GATEWAY_HOST', path: ['gateway', 'host'], type: 'text' },
  { name: 'ZEROCLAW_GATEWAY_PORT', path: ['gateway', 'port'], type: 'integer' },
  {
    name: 'ZEROCLAW_PROVIDER_URL',
    path: ['api_url'],
    type: 'text',
    weak: (tree) => isFamily(tree, 'ollama'),
  },
  {
    name: 'ZEROCLAW_OLLAMA_NUM_CTX',
    path: [RUNTIME, 'ollama_num_ctx'],
    type: 'integer',
    weak: (tree) => isFamily(tree, 'ollama'),
  },
];
