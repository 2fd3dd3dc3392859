import { resolveSlug } from '../../vendors/lookup.ts';
import { isTree, valueAt, type ConfigPath, type Tree } from '../path.ts';
import type { Finding } from './conversion.ts';

/** What only files of ZeroClaw itself have. */
const ZEROCLAW_SECTIONS = ['risk_profiles', 'runtime_profiles', 'channels', 'memory', 'autonomy'];

const UNREAD_URI: ReadonlySet<string> = new Set(['openrouter', 'gemini', 'groq', 'ovh', 'telnyx', 'copilot']);
const UNREAD_HEADERS: ReadonlySet<string> = new Set([
  'anthropic',
  'openai',
  'openrouter',
  'gemini',
  'bedrock',
  'azure',
  'copilot',
]);
const READ_NATIVE_TOOLS: ReadonlySet<string> = new Set(['groq', 'custom']);

/** Where ZeroClaw v0.8 and its documents differ (both read 2026-09). Standin does what the documents say. */
export function noteV3Differences(tree: Tree): Finding[] {
  if (!ZEROCLAW_SECTIONS.some((name) => Object.hasOwn(tree, name))) return [];
  const findings: Finding[] = [];
  const note = (path: ConfigPath, message: string) => {
    if (valueAt(tree, path) !== undefined) findings.push({ level: 'note', path, message });
  };
  note(['reliability', 'api_keys'], 'the program went on with its first key; Standin rotates, as the document says');
  const all = valueAt(tree, ['providers', 'models']);
  for (const [type, aliases] of Object.entries(isTree(all) ? all : {})) {
    const slot = resolveSlug(type)?.row.id ?? type;
    for (const alias of Object.keys(isTree(aliases) ? aliases : {})) {
      const path = ['providers', 'models', type, alias];
      const unread = 'the document gives this field to every provider, the program did not read it here; Standin does';
      note([...path, 'think'], 'the program never sent this; Standin does, as the document says');
      if (UNREAD_URI.has(slot)) note([...path, 'uri'], unread);
      if (UNREAD_HEADERS.has(slot)) note([...path, 'extra_headers'], unread);
      if (!READ_NATIVE_TOOLS.has(slot)) note([...path, 'native_tools'], unread);
      if (slot === 'bedrock') note([...path, 'region'], unread);
      note(
        [...path, 'fallback'],
        'the document leaves a fallback out that cannot be used, the program refused to start; Standin leaves it out',
      );
    }
  }
  const routes = tree['model_routes'];
  if (Array.isArray(routes)) {
    routes.forEach((_route, index) => {
      note(
        ['model_routes', String(index), 'model'],
        "the document makes this the model of the route, the program kept the entry's own; Standin uses this one",
      );
    });
  }
  return findings;
}
