import { globMatches } from '../vendors/glob.ts';
import { vendorById } from '../vendors/lookup.ts';
import { attributeModel } from './attribute.ts';
import { eachVision, listedModels, type ListedModel } from './generated-models.ts';

/** What one model reads, for ids that the generated list does not have. */
interface ModelFacts {
  readonly match: string;
  readonly contextWindow?: number;
  readonly vision?: boolean;
}

/** First match wins; ids in lower case without a maker in front. Vendors' model pages, read 2026-11. */
const MODELS: readonly ModelFacts[] = [
  { match: 'claude-2*', contextWindow: 200_000, vision: false },
  { match: 'claude-instant*', contextWindow: 100_000, vision: false },
  { match: 'claude*', contextWindow: 200_000, vision: true },
  { match: 'gpt-3.5*', contextWindow: 16_385, vision: false },
  { match: 'gpt-4-32k*', contextWindow: 32_768, vision: false },
  { match: 'gpt-4-turbo*', contextWindow: 128_000, vision: true },
  { match: 'gpt-4o*', contextWindow: 128_000, vision: true },
  { match: 'gpt-4.1*', contextWindow: 1_047_576, vision: true },
  { match: 'gpt-4.5*', contextWindow: 128_000, vision: true },
  { match: 'gpt-4', contextWindow: 8_192, vision: false },
  { match: 'gpt-4-0*', contextWindow: 8_192, vision: false },
  { match: 'gpt-5*-chat*', contextWindow: 128_000, vision: true },
  { match: 'gpt-5*', contextWindow: 400_000, vision: true },
  { match: 'gpt-oss*', contextWindow: 131_072, vision: false },
  { match: 'o1-mini*', contextWindow: 128_000, vision: false },
  { match: 'o3-mini*', contextWindow: 200_000, vision: false },
  { match: 'o[134]*', contextWindow: 200_000, vision: true },
  { match: 'gemini-1.5-pro*', contextWindow: 2_097_152, vision: true },
  { match: 'gemini*', contextWindow: 1_048_576, vision: true },
  { match: 'mistral-large*', contextWindow: 131_072 },
  { match: 'mistral-medium*', contextWindow: 131_072, vision: true },
  { match: 'mistral-small*', contextWindow: 131_072, vision: true },
  { match: 'pixtral*', contextWindow: 131_072, vision: true },
  { match: 'magistral*', contextWindow: 131_072 },
  { match: 'codestral*', contextWindow: 262_144, vision: false },
  { match: 'devstral*', contextWindow: 131_072, vision: false },
  { match: 'ministral*', contextWindow: 131_072 },
  { match: 'deepseek*', contextWindow: 131_072, vision: false },
  { match: 'grok-4-fast*', contextWindow: 2_000_000, vision: true },
  { match: 'grok-4*', contextWindow: 256_000, vision: true },
  { match: 'grok-code*', contextWindow: 256_000, vision: false },
  { match: 'grok-3*', contextWindow: 131_072, vision: false },
  { match: 'kimi-k2*', contextWindow: 262_144 },
  { match: 'moonshot-v1-8k*', contextWindow: 8_192 },
  { match: 'moonshot-v1-32k*', contextWindow: 32_768 },
  { match: 'moonshot-v1-128k*', contextWindow: 131_072 },
  { match: 'glm-4.[67]', contextWindow: 204_800, vision: false },
  { match: 'glm-4*v*', contextWindow: 65_536, vision: true },
  { match: 'glm-4.5*', contextWindow: 131_072, vision: false },
  { match: 'glm-4*', contextWindow: 131_072, vision: false },
  { match: 'qwen*-vl*', vision: true },
  { match: 'qwen-plus*', contextWindow: 1_000_000 },
  { match: 'qwen-turbo*', contextWindow: 1_000_000 },
  { match: 'qwen3-max*', contextWindow: 262_144 },
  { match: 'qwen3-coder*', contextWindow: 262_144, vision: false },
  { match: 'command-a-vision*', contextWindow: 131_072, vision: true },
  { match: 'command-a*', contextWindow: 256_000, vision: false },
  { match: 'command-r*', contextWindow: 131_072, vision: false },
  { match: 'sonar-pro*', contextWindow: 200_000 },
  { match: 'sonar*', contextWindow: 131_072 },
  { match: 'minimax-m2*', contextWindow: 204_800, vision: false },
  { match: 'llama-4*', vision: true },
  { match: 'llama-3.[12]-*vision*', contextWindow: 131_072, vision: true },
  { match: 'llama-3.[123]*', contextWindow: 131_072, vision: false },
  { match: 'llava*', vision: true },
  { match: '*-vision*', vision: true },
];

/** Windows a vendor cuts shorter than the model's own. */
const SLOT_WINDOWS: readonly { readonly slot: string; readonly match: string; readonly contextWindow: number }[] = [
  { slot: 'copilot', match: 'gpt-4*', contextWindow: 128_000 },
  { slot: 'copilot', match: 'claude*', contextWindow: 128_000 },
];

/** `models/gemini-…`, `anthropic/claude-…`, `us.anthropic.claude-…-v1:0` → the model's own name. */
function ownName(model: string): string {
  const id = model.trim().toLowerCase();
  const last = id.slice(id.lastIndexOf('/') + 1);
  return last.replace(
    /^(?:(?:us|eu|apac|jp|au|us-gov|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|deepseek)\./,
    '',
  );
}

/** True for servers whose window is whatever the operator started them with. */
function isLocal(slot: string): boolean {
  const row = vendorById(slot);
  return row !== undefined && Object.values(row.endpoints).some((url) => /^http:\/\/(?:localhost|127\.)/.test(url));
}

/** True for servers whose model names are whatever their operator calls them. */
function isOwnServer(slot: string): boolean {
  const row = vendorById(slot);
  return isLocal(slot) || (row !== undefined && Object.keys(row.endpoints).length === 0);
}

/** Model used when an entry of this slot names none. */
export function defaultModelFor(slot: string): string | undefined {
  return vendorById(slot)?.defaultModel;
}

/**
 * Tokens a model reads at this slot, when known: as listed there, else as its maker lists it, else by family. Local
 * servers set their own, so theirs is unknown.
 */
export function contextWindowFor(slot: string, model: string): number | undefined {
  if (isLocal(slot)) return undefined;
  const name = ownName(model);
  const listed = listedAt(slot, model)?.contextWindow;
  if (listed !== undefined) return listed;
  const cut = SLOT_WINDOWS.find((rule) => rule.slot === slot && globMatches(rule.match, name));
  return (
    cut?.contextWindow ??
    listedByMaker(model)?.contextWindow ??
    MODELS.find((rule) => globMatches(rule.match, name) && rule.contextWindow !== undefined)?.contextWindow
  );
}

/** Most tokens a model writes in one answer at this slot, when known. */
export function maxOutputFor(slot: string, model: string): number | undefined {
  if (isLocal(slot)) return undefined;
  return (listedAt(slot, model) ?? listedByMaker(model))?.maxOutputTokens;
}

/**
 * Whether a model takes images; `undefined`: not known. With a slot, what is listed there counts first, and at servers
 * of one's own a name says nothing: any model may answer to `gpt-4` there.
 */
export function visionFor(model: string, slot?: string): boolean | undefined {
  if (slot !== undefined && isOwnServer(slot)) return undefined;
  const listed = (slot === undefined ? undefined : listedAt(slot, model)) ?? listedByMaker(model);
  if (listed !== undefined) return listed.vision;
  const name = ownName(model);
  return (
    MODELS.find((rule) => globMatches(rule.match, name) && rule.vision !== undefined)?.vision ?? agreedVision(name)
  );
}

/** Snapshot dates and variants of a gateway; what they share is the model's limits, never its price. */
const VARIANT = /(?::[a-z]+|-\d{4}-\d{2}-\d{2}|-\d{8}|-latest)$/;

function listedAt(slot: string, model: string): ListedModel | undefined {
  const models = listedModels(slot);
  if (models.size === 0) return undefined;
  const id = model
    .trim()
    .toLowerCase()
    .replace(/^models\//, '');
  return models.get(id) ?? models.get(id.replace(VARIANT, '')) ?? models.get(ownName(id));
}

function listedByMaker(model: string): ListedModel | undefined {
  const name = ownName(model);
  const maker = attributeModel(name) ?? attributeModel(model);
  return maker === undefined ? undefined : listedAt(maker, name);
}

let seen: Map<string, boolean | undefined> | undefined;

/** Open weights: what all slots that list a model by this name say alike. */
function agreedVision(name: string): boolean | undefined {
  if (seen === undefined) {
    seen = new Map();
    const all = seen;
    eachVision((id, vision) => {
      const own = ownName(id);
      all.set(own, all.has(own) && all.get(own) !== vision ? undefined : vision);
    });
  }
  return seen.get(name) ?? seen.get(name.replace(VARIANT, ''));
}
