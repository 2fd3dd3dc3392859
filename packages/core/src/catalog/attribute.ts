/** Families of model ids and the slot of the company that makes them. Vendors' model pages, read 2026-11. */
const FAMILIES: readonly (readonly [pattern: RegExp, slot: string])[] = [
  [/^claude\b/, 'anthropic'],
  [/^(?:gpt-oss)/, ''],
  [/^(?:gpt-|chatgpt|o[1345](?:$|-)|codex|davinci|babbage|text-embedding-|computer-use-)/, 'openai'],
  [/^(?:gemini|learnlm)/, 'gemini'],
  [/^gemma/, ''],
  [/^(?:mistral|magistral|codestral|ministral|pixtral|devstral|open-mistral|open-mixtral|voxtral)/, 'mistral'],
  [/^mixtral/, ''],
  [/^deepseek-(?:chat|reasoner|coder|v\d|r\d)/, 'deepseek'],
  [/^deepseek/, 'deepseek'],
  [/^grok/, 'xai'],
  [/^(?:kimi|moonshot)/, 'moonshot'],
  [/^(?:glm|chatglm|codegeex|cogview)/, 'glm'],
  [/^(?:qwen|qwq|qvq|tongyi)/, 'qwen'],
  [/^(?:command|c4ai|aya)(?:-|$)/, 'cohere'],
  [/^(?:sonar|r1-1776|pplx)/, 'perplexity'],
  [/^(?:minimax|abab)/, 'minimax'],
  [/^doubao/, 'doubao'],
  [/^ernie/, 'qianfan'],
  [/^hunyuan/, 'hunyuan'],
  [/^baichuan/, 'baichuan'],
  [/^yi-/, 'yi'],
  [/^step-\d/, 'stepfun'],
  [/^(?:jamba|j2-|jurassic)/, 'ai21'],
  [/^reka/, 'reka'],
  [/^solar/, 'upstage'],
  [/^(?:lfm|lfm2)/, 'liquid'],
  [/^mercury/, 'inception'],
  [/^morph-/, 'morph'],
];

/** Makers as gateways and model hubs spell them in front of `/`. An empty slot: open weights that many serve. */
const MAKERS: Readonly<Record<string, string>> = {
  anthropic: 'anthropic',
  openai: 'openai',
  google: 'gemini',
  gemini: 'gemini',
  mistral: 'mistral',
  mistralai: 'mistral',
  deepseek: 'deepseek',
  'deepseek-ai': 'deepseek',
  'x-ai': 'xai',
  xai: 'xai',
  moonshotai: 'moonshot',
  moonshot: 'moonshot',
  'z-ai': 'glm',
  'zai-org': 'glm',
  zhipu: 'glm',
  thudm: 'glm',
  qwen: 'qwen',
  alibaba: 'qwen',
  cohere: 'cohere',
  coherelabs: 'cohere',
  perplexity: 'perplexity',
  minimax: 'minimax',
  minimaxai: 'minimax',
  ai21: 'ai21',
  reka: 'reka',
  upstage: 'upstage',
  liquid: 'liquid',
  baidu: 'qianfan',
  tencent: 'hunyuan',
  stepfun: 'stepfun',
  'stepfun-ai': 'stepfun',
  inception: 'inception',
  amazon: 'bedrock',
};

/** `us.anthropic.claude-…-v1:0`, `amazon.nova-…`: names only Bedrock uses. */
const BEDROCK =
  /^(?:(?:us|eu|apac|jp|au|us-gov|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|stability|writer|qwen|openai)\.[\w-]+/;

/**
 * The slot of the company that a model id belongs to; `undefined` when several vendors serve it (Llama and other open
 * weights) or the name is not known. `vendor/model` ids are attributed to the maker named in front.
 */
export function attributeModel(modelId: string): string | undefined {
  const id = modelId
    .trim()
    .toLowerCase()
    .replace(/^(?:models\/|ft:)/, '');
  if (id === '') return undefined;
  if (BEDROCK.test(id)) return 'bedrock';
  const slash = id.indexOf('/');
  if (slash > 0) {
    const maker = id.slice(0, slash);
    const model = id.slice(slash + 1);
    // Hubs host many makers under paths of their own; the model's own name decides there.
    if (Object.hasOwn(MAKERS, maker)) return /^gpt-oss|^gemma/.test(model) ? undefined : MAKERS[maker];
    return undefined;
  }
  for (const [pattern, slot] of FAMILIES) {
    if (pattern.test(id)) return slot === '' ? undefined : slot;
  }
  return undefined;
}

/** Companies whose models nobody hosts but themselves, their clouds and gateways. */
const CLOSED: ReadonlySet<string> = new Set(['anthropic', 'openai', 'gemini', 'xai', 'perplexity', 'bedrock']);

/** Slots that lead to models of any maker. */
const ANY_MAKER: ReadonlySet<string> = new Set([
  'openrouter',
  'vercel',
  'cloudflare',
  'opencode',
  'kilo',
  'aihubmix',
  'astrai',
  'deepmyst',
  'manifest',
  'avian',
  'github_models',
  'copilot',
  'litellm',
  'custom',
  'atlascloud',
  'nearai',
  'novita',
  'venice',
  'ollama',
  'llamacpp',
  'lmstudio',
  'vllm',
  'sglang',
  'osaurus',
  'atomic_chat',
]);

/** Slots that lead to the models of one company under another name. */
const SAME_MAKER: Readonly<Record<string, string>> = {
  azure: 'openai',
  'openai-codex': 'openai',
  zai: 'glm',
  vertex: 'gemini',
};

const MAKER_SLOTS: ReadonlySet<string> = new Set([...FAMILIES.map(([, slot]) => slot), ...Object.values(MAKERS)]);

/** True when a model is made by the company behind this slot: `glm-4.6` for `zai`, `gpt-5` for `azure`. */
export function isOwnModel(slot: string, modelId: string): boolean {
  return attributeModel(modelId) === (Object.hasOwn(SAME_MAKER, slot) ? SAME_MAKER[slot] : slot);
}

/**
 * The id by which the maker itself knows a model that gateways spell `maker/model`: the same without the maker, and at
 * Anthropic with `-` for the point of a version (`anthropic/claude-sonnet-4.6` → `claude-sonnet-4-6`; OpenRouter and
 * Anthropic model pages, read 2026-11). Any other id, and any id at a gateway, stays as it is.
 */
export function vendorModelId(slot: string, modelId: string): string {
  const slash = modelId.indexOf('/');
  if (slash <= 0 || ANY_MAKER.has(slot) || !isOwnModel(slot, modelId)) return modelId;
  const id = modelId.slice(slash + 1);
  return slot === 'anthropic' ? id.replaceAll(/(\d)\.(?=\d)/g, '$1-') : id;
}

/**
 * False when a model name belongs to a company whose models this slot does not lead to, so that a fallback is not asked
 * for another vendor's model. An unknown name counts as served.
 */
export function servesModel(slot: string, modelId: string): boolean {
  const owner = attributeModel(modelId);
  if (owner === undefined || ANY_MAKER.has(slot)) return true;
  const maker = Object.hasOwn(SAME_MAKER, slot) ? SAME_MAKER[slot] : slot;
  if (owner === maker) return true;
  return maker !== undefined && !MAKER_SLOTS.has(maker) && !CLOSED.has(owner);
}
