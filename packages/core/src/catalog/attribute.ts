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
    .replace(/^models\//, '');
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
