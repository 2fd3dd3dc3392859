import { isJsonObject } from '@standin/core/spec/json';

export type ErrorShape = 'openai' | 'anthropic' | 'gemini' | 'ollama' | 'bedrock' | 'admin';

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';

/** What the official clients of each protocol read of an error. */
const FITS: Record<ErrorShape, (body: Record<string, unknown>, headers: Headers | Map<string, string>) => boolean> = {
  openai: ({ error }) =>
    isJsonObject(error) && isText(error.message) && isText(error.type) && 'code' in error && 'param' in error,
  anthropic: ({ type, error, request_id: id }) =>
    type === 'error' && isJsonObject(error) && isText(error.type) && isText(error.message) && isText(id),
  gemini: ({ error }) =>
    isJsonObject(error) &&
    typeof error.code === 'number' &&
    isText(error.message) &&
    typeof error.status === 'string' &&
    /^[A-Z_]+$/.test(error.status),
  ollama: ({ error }) => isText(error),
  bedrock: ({ message }, headers) => isText(message) && headers.get('x-amzn-errortype')?.endsWith('Exception') === true,
  admin: ({ error }) => isJsonObject(error) && isText(error.code) && isText(error.message) && isText(error.requestId),
};

/** Whether a body is an error of one of the shapes. */
export function isError(text: string, shapes: readonly ErrorShape[], headers: Headers | Map<string, string>): boolean {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return false;
  }
  return isJsonObject(body) && shapes.some((shape) => FITS[shape](body, headers));
}

const BY_PATH: readonly (readonly [RegExp, ErrorShape])[] = [
  [/^\/(?:v1\/)?chat\/completions$|^\/(?:v1\/)?responses(?:\/|$)/, 'openai'],
  [/^\/v1\/messages(?:\/count_tokens)?$/, 'anthropic'],
  [/^\/v1beta\//, 'gemini'],
  [/^\/api\/(?:chat|generate|tags|show|version|ps|embed|embeddings)$/, 'ollama'],
  [/^\/model\/.+\/(?:converse|converse-stream|count-tokens)$/, 'bedrock'],
];

/** Shapes that an error at the path may have: one where the path tells, else any. */
export function shapesAt(path: string): readonly ErrorShape[] {
  const known = BY_PATH.find(([pattern]) => pattern.test(path));
  return known === undefined ? (Object.keys(FITS) as ErrorShape[]) : [known[1]];
}
