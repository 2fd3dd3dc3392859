import { request, type IncomingHttpHeaders } from 'node:http';

export interface RawAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Body pieces as the HTTP parser gave them. */
  readonly pieces: readonly string[];
  /** The HTTP body ended as its framing promised. */
  readonly complete: boolean;
  readonly errorCode: string | undefined;
}

export interface RawCall {
  readonly answer: Promise<RawAnswer>;
  /** Resolves with the bytes so far as soon as any came, or the headers when `headers` is asked for. */
  readonly headers: Promise<void>;
  bodySoFar(): string;
  hangUp(): void;
}

/** One POST over plain node:http that reports what came, however the connection ended. */
export function rawCall(url: string, body: object, headers: Record<string, string> = {}): RawCall {
  const pieces: Buffer[] = [];
  const text = () => Buffer.concat(pieces).toString('utf8');
  let gotHeaders: () => void = () => {};
  const headersCame = new Promise<void>((resolve) => (gotHeaders = resolve));
  const outgoing = request(url, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', ...headers },
  });
  const answer = new Promise<RawAnswer>((resolve) => {
    const none = { status: undefined, headers: {}, body: '', pieces: [], complete: false };
    let answered = false;
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (!answered) resolve({ ...none, errorCode: error.code });
    });
    outgoing.on('response', (response) => {
      answered = true;
      gotHeaders();
      let errorCode: string | undefined;
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', (error: NodeJS.ErrnoException) => (errorCode = error.code));
      response.on('close', () => {
        const { statusCode, complete } = response;
        const strings = pieces.map((piece) => piece.toString('latin1'));
        resolve({ status: statusCode, headers: response.headers, body: text(), pieces: strings, complete, errorCode });
      });
    });
  });
  outgoing.end(JSON.stringify(body));
  return { answer, headers: headersCame, bodySoFar: text, hangUp: () => void outgoing.destroy() };
}

export interface Ask {
  readonly model?: string;
  readonly stream?: boolean;
  readonly prompt?: string;
  readonly key?: string;
  readonly more?: object;
}

export type Wire = 'openai-chat' | 'anthropic-messages';
export const WIRES: readonly Wire[] = ['openai-chat', 'anthropic-messages'];
const PATHS: Readonly<Record<Wire, string>> = {
  'openai-chat': '/v1/chat/completions',
  'anthropic-messages': '/v1/messages',
};

/** A minimal request of one wire. */
export function ask(
  url: string,
  wire: Wire,
  { model = 'm', stream = false, prompt = 'hello', key = 'k1', more = {} }: Ask = {},
): RawCall {
  const body = { model, stream, max_tokens: 500, messages: [{ role: 'user', content: prompt }], ...more };
  const headers: Record<string, string> =
    wire === 'openai-chat' ? { authorization: `Bearer ${key}` } : { 'x-api-key': key };
  return rawCall(url + PATHS[wire], body, headers);
}

interface AnyEvent {
  readonly choices?: readonly { readonly delta?: { readonly content?: string | null } }[];
  readonly delta?: { readonly text?: string };
}

/** The text in the complete events of an SSE body, read without any code of ours. */
export function textIn(body: string): string {
  let text = '';
  for (const event of body.split('\n\n').slice(0, -1)) {
    const data = /^data: (\{.*\})$/m.exec(event)?.[1];
    if (data === undefined) continue;
    const parsed = JSON.parse(data) as AnyEvent;
    text += parsed.choices?.[0]?.delta?.content ?? parsed.delta?.text ?? '';
  }
  return text;
}
