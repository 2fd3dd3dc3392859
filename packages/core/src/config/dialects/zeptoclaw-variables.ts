import type { Environment } from '../expand.ts';
import type { DialectVariable, VariableType } from './variables.ts';

const PREFIX = 'ZEPTOCLAW_';

/** ZeptoClaw's fixed variables (its config loader, read 2026-09). */
const FIXED: readonly (readonly [tail: string, path: string, type: VariableType])[] = [
  ['PROVIDERS_DEFAULT', 'providers.default', 'text'],
  ['PROVIDERS_RETRY_ENABLED', 'providers.retry.enabled', 'boolean'],
  ['PROVIDERS_RETRY_MAX_RETRIES', 'providers.retry.max_retries', 'integer'],
  ['PROVIDERS_RETRY_BASE_DELAY_MS', 'providers.retry.base_delay_ms', 'integer'],
  ['PROVIDERS_RETRY_MAX_DELAY_MS', 'providers.retry.max_delay_ms', 'integer'],
  ['PROVIDERS_RETRY_BUDGET_MS', 'providers.retry.retry_budget_ms', 'integer'],
  ['PROVIDERS_FALLBACK_ENABLED', 'providers.fallback.enabled', 'boolean'],
  ['PROVIDERS_FALLBACK_PROVIDER', 'providers.fallback.provider', 'text'],
  ['PROVIDERS_ROTATION_ENABLED', 'providers.rotation.enabled', 'boolean'],
  ['PROVIDERS_ROTATION_STRATEGY', 'providers.rotation.strategy', 'text'],
  ['AGENTS_DEFAULTS_MODEL', 'agents.defaults.model', 'text'],
  ['AGENTS_DEFAULTS_MAX_TOKENS', 'agents.defaults.max_tokens', 'integer'],
  ['AGENTS_DEFAULTS_TEMPERATURE', 'agents.defaults.temperature', 'number'],
  ['AGENTS_DEFAULTS_SYSTEM_PROMPT', 'agents.defaults.system_prompt', 'text'],
  ['GATEWAY_HOST', 'gateway.host', 'text'],
  ['GATEWAY_PORT', 'gateway.port', 'integer'],
];

const FIELDS: readonly (readonly [string, readonly string[], VariableType])[] = [
  ['API_KEY', ['api_key'], 'text'],
  ['API_BASE', ['api_base'], 'text'],
  ['API_VERSION', ['api_version'], 'text'],
  ['AUTH_METHOD', ['auth_method'], 'text'],
  ['AUTH_HEADER', ['auth_header'], 'text'],
  ['MODEL', ['model'], 'text'],
  ['QUOTA_MAX_COST_USD', ['quota', 'max_cost_usd'], 'number'],
  ['QUOTA_MAX_TOKENS', ['quota', 'max_tokens'], 'integer'],
  ['QUOTA_PERIOD', ['quota', 'period'], 'text'],
  ['QUOTA_ACTION', ['quota', 'action'], 'text'],
];

const CONTROLS = /^(RETRY|FALLBACK|ROTATION|PLUGINS|DEFAULT)(_|$)/;

/** The fixed variables, and `ZEPTOCLAW_PROVIDERS_<NAME>_<FIELD>` for every name that the environment has. */
export function zeptoVariables(env: Environment): readonly DialectVariable[] {
  const fixed = FIXED.map(([tail, path, type]) => ({ name: PREFIX + tail, path: path.split('.'), type }));
  const start = `${PREFIX}PROVIDERS_`;
  const named = Object.keys(env)
    .toSorted()
    .flatMap((name): DialectVariable[] => {
      const tail = name.startsWith(start) ? name.slice(start.length) : '';
      if (tail === '' || CONTROLS.test(tail)) return [];
      const field = FIELDS.find(([ending]) => tail.endsWith(`_${ending}`) && tail.length > ending.length + 1);
      if (field === undefined) return [];
      const provider = tail.slice(0, -(field[0].length + 1)).toLowerCase();
      return [{ name, path: ['providers', provider, ...field[1]], type: field[2] }];
    });
  return [...fixed, ...named];
}
