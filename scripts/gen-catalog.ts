/**
 * Writes the generated model data from an unpacked `@earendil-works/pi-ai` package (MIT):
 *
 *     npm pack @earendil-works/pi-ai && tar xzf earendil-works-pi-ai-*.tgz
 *     node scripts/gen-catalog.ts package
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Cost {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly tiers?: readonly (Omit<Cost, 'tiers'> & { readonly inputTokensAbove: number })[];
}

interface SourceModel {
  readonly id: string;
  readonly type: string;
  readonly input: readonly string[];
  readonly reasoning?: boolean;
  readonly contextWindow?: number;
  readonly maxTokens?: number;
  readonly cost: Cost;
}

/** Slot → files of the source, the one whose prices count first. Files after `|` say limits only: plans, not prices. */
const SLOTS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  azure: 'azure',
  baseten: 'baseten',
  bedrock: 'amazon-bedrock',
  cerebras: 'cerebras',
  cloudflare: 'cloudflare-ai-gateway cloudflare-workers-ai',
  copilot: '| github-copilot',
  deepseek: 'deepseek',
  fireworks: 'fireworks',
  gemini: 'google',
  glm: 'zai zai-coding-cn',
  groq: 'groq',
  huggingface: 'huggingface',
  minimax: 'minimax minimax-cn',
  mistral: 'mistral',
  moonshot: 'moonshotai moonshotai-cn | kimi-coding',
  nvidia: '| nvidia',
  openai: 'openai',
  'openai-codex': '| openai-codex',
  opencode: 'opencode | opencode-go',
  openrouter: 'openrouter',
  qwen: '| qwen-token-plan qwen-token-plan-cn',
  together: 'together',
  vercel: 'vercel-ai-gateway',
  vertex: 'google-vertex',
  xai: 'xai',
  zai: '| zai zai-coding-cn',
};

/** USD per million tokens → whole pico-USD per token. */
function pico(usd: number): number {
  return Math.round(usd * 1e6);
}

/** `input output cacheRead cacheWrite`; `-`: not said. A cache price of 0 means that none is set, not that it is free. */
function prices(cost: Omit<Cost, 'tiers'>): string {
  return [cost.input, cost.output, cost.cacheRead, cost.cacheWrite]
    .map((usd, at) => (at > 1 && usd === 0 ? '-' : String(pico(usd))))
    .join(' ');
}

/** Zero for both means free only where the id says so; elsewhere the source does not know. */
function isPriced(model: SourceModel): boolean {
  const { input, output } = model.cost;
  return input < 0 || output < 0 ? false : input > 0 || output > 0 || /[:-]free$/.test(model.id);
}

function lineOf(model: SourceModel, withPrices: boolean): string {
  const flags = `${model.input.includes('image') ? 'v' : ''}${model.reasoning === true ? 'r' : ''}`;
  const facts = `${model.id} ${model.contextWindow ?? '-'} ${model.maxTokens ?? '-'} ${flags === '' ? '-' : flags}`;
  if (!withPrices || !isPriced(model)) return facts;
  const tiers = (model.cost.tiers ?? []).map((tier) => ` >${tier.inputTokensAbove} ${prices(tier)}`);
  return `${facts} ${prices(model.cost)}${tiers.join('')}`;
}

function modelsIn(file: string): SourceModel[] {
  const apis = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, SourceModel>>;
  return Object.values(apis).flatMap((models) => Object.values(models).filter((model) => model.type === 'chat'));
}

const source = process.argv[2];
if (source === undefined) {
  console.error('usage: node scripts/gen-catalog.ts <unpacked package>');
  process.exit(2);
}
const data = join(source, 'dist/providers/data');
const about = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { name: string; version: string };
const manifest = JSON.parse(readFileSync(join(data, '.manifest.json'), 'utf8')) as { generatedAt: string };

const slots: Record<string, string[]> = {};
for (const [slot, files] of Object.entries(SLOTS)) {
  const lines = new Map<string, string>();
  let withPrices = true;
  for (const file of files.split(' ')) {
    if (file === '|') {
      withPrices = false;
      continue;
    }
    for (const model of modelsIn(join(data, `${file}.json`))) {
      const id = model.id.toLowerCase();
      if (!lines.has(id)) lines.set(id, lineOf(model, withPrices));
    }
  }
  slots[slot] = [...lines.values()].toSorted((left, right) => (left < right ? -1 : 1));
}

const target = resolve(
  dirname(fileURLToPath(import.meta.url)),
  '../packages/core/src/catalog/generated/models.generated.json',
);
writeFileSync(
  target,
  `${JSON.stringify({ source: `${about.name} ${about.version} (MIT)`, date: manifest.generatedAt.slice(0, 10), slots }, null, 1)}\n`,
);
const count = Object.values(slots).reduce((sum, lines) => sum + lines.length, 0);
console.log(`${count} models of ${Object.keys(slots).length} slots`);
