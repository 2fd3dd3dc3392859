/** The playground's side of `POST /v1/chat/completions`: what is sent, and what the stream makes of an answer. */

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it, perhaps half of it yet. */
  readonly arguments: string;
}

export interface UserTurn {
  readonly role: 'user';
  readonly text: string;
  /** `data:` addresses. */
  readonly images: readonly string[];
}

export interface AssistantTurn {
  readonly role: 'assistant';
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ToolCall[];
}

export interface ToolTurn {
  readonly role: 'tool';
  readonly callId: string;
  readonly name: string;
  readonly text: string;
}

export type Turn = UserTurn | AssistantTurn | ToolTurn;

export interface Settings {
  readonly model: string;
  readonly system: string;
  readonly temperature: string;
  readonly maxTokens: string;
  /** JSON: a list of functions, as the protocol has them. */
  readonly tools: string;
}

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/** The body of a request. Throws `SettingsError` for what cannot be sent. */
export function bodyOf(settings: Settings, turns: readonly Turn[]): Record<string, unknown> {
  const messages: unknown[] = settings.system.trim() === '' ? [] : [{ role: 'system', content: settings.system }];
  for (const turn of turns) messages.push(messageOf(turn));
  const body: Record<string, unknown> = {
    model: settings.model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  };
  if (settings.temperature.trim() !== '') body['temperature'] = numberOf('Temperature', settings.temperature);
  if (settings.maxTokens.trim() !== '') body['max_tokens'] = numberOf('Most tokens', settings.maxTokens);
  const tools = toolsOf(settings.tools);
  if (tools.length > 0) body['tools'] = tools;
  return body;
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new SettingsError(`${name} has to be a number.`);
  return value;
}

/** Bare functions are wrapped as the protocol wants them. */
export function toolsOf(text: string): unknown[] {
  if (text.trim() === '') return [];
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new SettingsError('The tools are not JSON.');
  }
  const list = Array.isArray(parsed) ? parsed : [parsed];
  return list.map((tool: unknown) => {
    if (typeof tool !== 'object' || tool === null)
      throw new SettingsError('Each tool has to be an object with a name.');
    if ('function' in tool) return tool;
    if (!('name' in tool)) throw new SettingsError('Each tool needs a name.');
    return { type: 'function', function: tool };
  });
}

function messageOf(turn: Turn): unknown {
  if (turn.role === 'tool') return { role: 'tool', tool_call_id: turn.callId, content: turn.text };
  if (turn.role === 'user') {
    if (turn.images.length === 0) return { role: 'user', content: turn.text };
    const images = turn.images.map((url) => ({ type: 'image_url', image_url: { url } }));
    return { role: 'user', content: [...(turn.text === '' ? [] : [{ type: 'text', text: turn.text }]), ...images] };
  }
  const calls = turn.calls.map((call) => ({
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
  }));
  return {
    role: 'assistant',
    content: turn.text === '' && calls.length > 0 ? null : turn.text,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** Splits a stream of server-sent events into the data of each; keeps an event that came in part. */
export class EventSplitter {
  #rest = '';

  push(text: string): string[] {
    // A carriage return and its line feed may come in two pieces.
    this.#rest = (this.#rest + text).replaceAll('\r\n', '\n');
    const events = this.#rest.split('\n\n');
    this.#rest = events.pop() ?? '';
    return events.flatMap((event) => {
      const lines = event.split('\n').filter((line) => line.startsWith('data:'));
      return lines.length === 0 ? [] : [lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n')];
    });
  }
}

interface Chunk {
  readonly error?: { readonly message?: string };
  readonly model?: string;
  readonly choices?: readonly {
    readonly finish_reason?: string | null;
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly reasoning?: string | null;
      readonly tool_calls?: readonly {
        readonly index?: number;
        readonly id?: string;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
}

/** An answer as it grows. Text is kept in pieces: joining a long one for each token would cost its square. */
export class Answer {
  #text: string[] = [];
  #reasoning: string[] = [];
  readonly #calls: { id: string; name: string; arguments: string }[] = [];
  error: string | undefined;
  finish: string | undefined;
  model: string | undefined;
  inputTokens: number | undefined;
  outputTokens: number | undefined;
  isDone = false;

  /** One event's data. */
  take(data: string): void {
    if (data === '[DONE]') {
      this.isDone = true;
      return;
    }
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error !== undefined) this.error = chunk.error.message ?? 'The answer ended with an error.';
    this.model = chunk.model ?? this.model;
    this.inputTokens = chunk.usage?.prompt_tokens ?? this.inputTokens;
    this.outputTokens = chunk.usage?.completion_tokens ?? this.outputTokens;
    const [choice] = chunk.choices ?? [];
    this.finish = choice?.finish_reason ?? this.finish;
    const { content, reasoning_content: thought, reasoning, tool_calls: calls } = choice?.delta ?? {};
    if (typeof content === 'string' && content !== '') this.#text.push(content);
    const thinks = thought ?? reasoning;
    if (typeof thinks === 'string' && thinks !== '') this.#reasoning.push(thinks);
    for (const call of calls ?? []) {
      const place = call.index ?? this.#calls.length;
      const known = (this.#calls[place] ??= { id: '', name: '', arguments: '' });
      if (call.id !== undefined && call.id !== '') known.id = call.id;
      known.name += call.function?.name ?? '';
      known.arguments += call.function?.arguments ?? '';
    }
  }

  turn(): AssistantTurn {
    if (this.#text.length > 1) this.#text = [this.#text.join('')];
    if (this.#reasoning.length > 1) this.#reasoning = [this.#reasoning.join('')];
    const calls = this.#calls.filter((call) => call !== undefined).map((call) => ({ ...call }));
    return { role: 'assistant', text: this.#text[0] ?? '', reasoning: this.#reasoning[0] ?? '', calls };
  }
}
