import { isJsonObject, type JsonObject } from '../spec/json.ts';

/** A model as an endpoint lists it. */
export interface AdvertisedModel {
  readonly id: string;
  /** False for what cannot hold a conversation: embeddings, speech, images, moderation, reranking. */
  readonly isChat: boolean;
  readonly contextWindow?: number;
  readonly ownedBy?: string;
}

/** One page of a list. */
export interface AdvertisedPage {
  readonly models: readonly AdvertisedModel[];
  /** Query parameters that ask for the next page; absent: this was the last. */
  readonly next?: Readonly<Record<string, string>>;
}

/** Query parameters of the first page: the longest page each protocol gives. API references, read 2026-11. */
export const FIRST_PAGE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'anthropic-messages': { limit: '1000' },
  gemini: { pageSize: '1000' },
  'gemini-interactions': { pageSize: '1000' },
  'cohere-chat': { page_size: '1000' },
};

/**
 * Models in the forms that lists have: `data[]` (OpenAI, Anthropic), `models[]` (Gemini, Ollama), a bare list.
 * `undefined` for anything that is no list.
 */
export function readModelPage(body: string): AdvertisedPage | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const list: unknown = Array.isArray(value)
    ? value
    : isJsonObject(value)
      ? (value.data ?? value.models ?? value.modelSummaries)
      : undefined;
  if (!Array.isArray(list)) return undefined;
  const models = list.flatMap((item: unknown) => modelOf(item) ?? []);
  const next = isJsonObject(value) ? nextOf(value) : undefined;
  return { models, ...(next === undefined ? {} : { next }) };
}

function nextOf(page: JsonObject): Record<string, string> | undefined {
  const { has_more: hasMore, last_id: lastId, nextPageToken, next_page_token: cohereToken } = page;
  if (typeof cohereToken === 'string' && cohereToken !== '') return { page_token: cohereToken };
  if (typeof nextPageToken === 'string' && nextPageToken !== '') return { pageToken: nextPageToken };
  return hasMore === true && typeof lastId === 'string' && lastId !== '' ? { after_id: lastId } : undefined;
}

function modelOf(item: unknown): AdvertisedModel | undefined {
  if (typeof item === 'string') return item === '' ? undefined : { id: item, isChat: !NOT_CHAT.test(item) };
  if (!isJsonObject(item)) return undefined;
  const named = [item.id, item.name, item.model, item.modelId].find((one) => typeof one === 'string' && one !== '');
  if (typeof named !== 'string') return undefined;
  const id = named.replace(/^models\//, '');
  const window = [
    item.context_length,
    item.context_window,
    item.max_context_length,
    item.max_model_len,
    item.max_input_tokens,
    item.inputTokenLimit,
  ].find((one) => typeof one === 'number' && one > 0);
  const owner = item.owned_by ?? item.publisher ?? item.organization;
  return {
    id,
    isChat: saysChat(item) ?? !NOT_CHAT.test(id),
    ...(typeof window === 'number' ? { contextWindow: window } : {}),
    ...(typeof owner === 'string' && owner !== '' ? { ownedBy: owner } : {}),
  };
}

/**
 * What the item itself says, where a vendor does: Gemini's methods, Cohere's endpoints, Mistral's and Copilot's capabilities, Together's
 * type, OpenRouter's modalities (their list references, read 2026-11). `undefined`: nothing.
 */
function saysChat(item: JsonObject): boolean | undefined {
  if (Array.isArray(item.supportedGenerationMethods))
    return item.supportedGenerationMethods.includes('generateContent');
  if (
    Array.isArray(item.endpoints) &&
    item.endpoints.some((one) => typeof one === 'string' && COHERE_ENDPOINT.test(one))
  )
    return item.endpoints.includes('chat');
  if (isJsonObject(item.capabilities)) {
    const { completion_chat: chat, type } = item.capabilities;
    if (typeof chat === 'boolean') return chat;
    if (typeof type === 'string') return type === 'chat';
  }
  if (isJsonObject(item.architecture) && Array.isArray(item.architecture.output_modalities)) {
    return item.architecture.output_modalities.includes('text');
  }
  if (
    typeof item.type === 'string' &&
    /^(?:chat|language|code|llm|vlm|embeddings?|image|audio|video|rerank|moderation|transcribe)$/.test(item.type)
  ) {
    return /^(?:chat|language|code|llm|vlm)$/.test(item.type);
  }
  return undefined;
}

/** What a model of Cohere's list can be used for. */
const COHERE_ENDPOINT = /^(?:chat|embed(?:_image)?|rerank|classify|generate|summarize|transcriptions?)$/;

/** Words in ids of models that do not chat. Vendors' model pages, read 2026-11. */
const NOT_CHAT =
  /(?:^|[-_/.:@])(?:embed(?:ding|dings|content)?|ada-002|babbage|davinci|tts|stt|asr|whisper|transcribe|dall-e|imagen?|images|flux|stable-diffusion|sdxl?|seedream|seedance|sora|veo|kling|wan\d*|lyria|moderation|rerank(?:er)?|realtime|bge|gte|e5|ocr|paraformer|cosyvoice|speech|voice|clip|guard|safeguard|aqa)(?:$|[-_/.:@\d])|embed|nomic-|-image(?:$|-)/i;
