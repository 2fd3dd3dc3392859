import { servesModel } from '../../catalog/attribute.ts';
import { resolveSlug } from '../../vendors/lookup.ts';
import type { Converter } from './conversion.ts';
import type { DraftEntry, EntryBook } from './entry-book.ts';
import { openProvider } from './zeptoclaw-entry.ts';

/** ZeptoClaw's providers in its order of preference (its registry, read 2026-09). */
export const PRESETS: readonly string[] = [
  'anthropic', 'openai', 'openrouter', 'groq', 'zhipu', 'vllm', 'gemini', 'vertex', 'ollama', 'nvidia', 'deepseek',
  'kimi', 'azure', 'bedrock', 'xai', 'qianfan', 'novita', 'liquid',
]; // prettier-ignore

/** Words in a model's name by which ZeptoClaw picks a provider (same source). */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  anthropic: ['anthropic', 'claude'],
  openai: ['openai', 'gpt'],
  zhipu: ['zhipu', 'glm', 'zai'],
  nvidia: ['nvidia', 'nim'],
  kimi: ['kimi', 'moonshot'],
  bedrock: ['bedrock', 'anthropic.claude', 'meta.llama', 'amazon.titan'],
  xai: ['xai', 'grok'],
  qianfan: ['qianfan', 'ernie', 'baidu'],
  liquid: ['liquid', 'lfm', 'lfm2'],
};

/** A name as people write it: a preset, any slot, or a word such as `claude`. */
export function presetNamed(name: string): string {
  if (resolveSlug(name, 'zepto') !== undefined) return name;
  const word = name.toLowerCase();
  return PRESETS.find((preset) => KEYWORDS[preset]?.includes(word) === true) ?? name;
}

/** `providers.default`, else the provider of `agents.defaults.model`, else the first one with a key. */
export function choosePrimary(
  converter: Converter,
  book: EntryBook,
  configured: readonly string[],
): DraftEntry | undefined {
  const from = ['providers', 'default'];
  const written = converter.text(from);
  if (written !== undefined) {
    const named = presetNamed(written);
    // A name in other spelling than its table's is still that table.
    const table = configured.find((name) => resolveSlug(name, 'zepto')?.row.id === resolveSlug(named, 'zepto')?.row.id);
    const entry = openProvider(converter, book, configured.includes(named) ? named : (table ?? named), from);
    converter.used(from, `entry ${entry.ref}`);
    return entry;
  }
  const model = converter.text(['agents', 'defaults', 'model']);
  const chosen = (model === undefined ? undefined : byModel(model, configured)) ?? configured[0];
  if (chosen !== undefined) return openProvider(converter, book, chosen);
  const alone = model === undefined ? undefined : byModel(model, PRESETS);
  return alone === undefined ? undefined : openProvider(converter, book, alone, ['agents', 'defaults', 'model']);
}

/** `vendor/model`: that vendor, else OpenRouter; then by the words of the name. Only among `names`. */
function byModel(model: string, names: readonly string[]): string | undefined {
  const id = model.toLowerCase();
  const slash = id.indexOf('/');
  if (slash > 0) {
    const slot = resolveSlug(id.slice(0, slash), 'zepto')?.row.id;
    const exact = names.find((name) => slot !== undefined && resolveSlug(name, 'zepto')?.row.id === slot);
    if (exact !== undefined) return exact;
    if (names.includes('openrouter')) return 'openrouter';
  }
  const rest = id.slice(slash + 1);
  return names.find((name) => (KEYWORDS[name] ?? [name]).some((word) => rest.includes(word)));
}

/** The name by which an entry's vendor knows the model; `undefined` for a model of somebody else. */
export function fitModel(model: string, { match, type }: DraftEntry): string | undefined {
  const slot = match?.row.id ?? type;
  const slash = model.indexOf('/');
  const vendor = slash > 0 ? resolveSlug(model.slice(0, slash), 'zepto')?.row.id : undefined;
  if (vendor !== undefined && vendor === slot) return model.slice(slash + 1);
  return servesModel(slot, model) ? model : undefined;
}
