import type { IncomingMessage } from 'node:http';

const PATHS: Readonly<Record<string, string>> = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'anthropic-messages': '/v1/messages',
  'ollama-chat': '/api/chat',
};

/**
 * The request once more, for a terminal. Never a key: `$STANDIN_KEY` stands for it. `body`: as the caller sent it, when
 * it was kept.
 */
export function curlOf(
  req: IncomingMessage,
  request: {
    readonly protocol: string | undefined;
    readonly model: string;
    readonly mode: string;
    readonly body?: string;
  },
): { readonly url: string; readonly command: string } {
  const { protocol = 'openai-chat', model, mode } = request;
  const scheme = 'encrypted' in req.socket || req.headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  const host = /^[\w.:[\]-]+$/.test(req.headers.host ?? '') ? req.headers.host : '127.0.0.1:8787';
  const isStream = mode === 'stream';
  const path =
    protocol === 'gemini'
      ? `/v1beta/models/${encodeURIComponent(model)}:${isStream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`
      : (PATHS[protocol] ?? PATHS['openai-chat']);
  const url = `${scheme}://${host}${path}`;
  const body = request.body ?? JSON.stringify(example(protocol, model, isStream));
  const quoted = `'${body.replaceAll("'", "'\\''")}'`;
  return {
    url,
    command: `curl ${isStream ? '-N ' : ''}'${url}' -H 'content-type: application/json' -H "authorization: Bearer $STANDIN_KEY" --data-raw ${quoted}`,
  };
}

const WORDS = 'Hello';

function example(protocol: string, model: string, stream: boolean): object {
  const messages = [{ role: 'user', content: WORDS }];
  switch (protocol) {
    case 'gemini':
      return { contents: [{ role: 'user', parts: [{ text: WORDS }] }] };
    case 'openai-responses':
      return { model, input: WORDS, stream };
    case 'anthropic-messages':
      return { model, max_tokens: 1_024, messages, stream };
    default:
      return { model, messages, stream };
  }
}
