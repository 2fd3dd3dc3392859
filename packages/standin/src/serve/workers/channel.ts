/** What goes over the pipe between the supervisor and a worker. */
type Message =
  | { readonly kind: 'tell'; readonly what: string; readonly value?: unknown }
  | { readonly kind: 'ask'; readonly what: string; readonly value?: unknown; readonly id: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: string };

type Handler = (value: unknown) => unknown;

interface Question {
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** One end of a pipe between two processes: tells, and asks with an answer. */
export class Channel {
  readonly #send: (message: Message) => void;
  readonly #handlers = new Map<string, Handler>();
  readonly #questions = new Map<number, Question>();
  #next = 1;

  constructor(send: (message: unknown) => void) {
    this.#send = send;
  }

  on(what: string, handler: Handler): void {
    this.#handlers.set(what, handler);
  }

  tell(what: string, value?: unknown): void {
    this.#send({ kind: 'tell', what, value });
  }

  /** Rejects when the other end does not answer within `timeoutMs`, or says that it could not. */
  ask(what: string, value: unknown, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      const expire = (): void => {
        this.#questions.delete(id);
        reject(new Error(`no answer to "${what}" within ${timeoutMs} ms`));
      };
      this.#questions.set(id, { resolve, reject, timer: setTimeout(expire, timeoutMs) });
      this.#send({ kind: 'ask', what, value, id });
    });
  }

  /** A message came in; one of somebody else's is passed over. */
  receive(message: unknown): void {
    if (!isMessage(message)) return;
    if (message.kind === 'answer') return this.#answered(message);
    const handler = this.#handlers.get(message.what);
    if (message.kind === 'tell') return void handler?.(message.value);
    void this.#reply(message.id, async () => {
      // A worker that is about to begin cannot tell yet; nothing is not an answer.
      if (handler === undefined) throw new Error(`nobody answers "${message.what}" here`);
      return handler(message.value);
    });
  }

  /** The other end is gone. */
  close(): void {
    for (const { reject, timer } of this.#questions.values()) {
      clearTimeout(timer);
      reject(new Error('the other process is gone'));
    }
    this.#questions.clear();
  }

  async #reply(id: number, run: () => Promise<unknown>): Promise<void> {
    try {
      this.#send({ kind: 'answer', id, value: await run() });
    } catch (error) {
      this.#send({ kind: 'answer', id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  #answered({ id, value, error }: Extract<Message, { kind: 'answer' }>): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#questions.delete(id);
    clearTimeout(question.timer);
    if (error === undefined) question.resolve(value);
    else question.reject(new Error(error));
  }
}

function isMessage(value: unknown): value is Message {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  return kind === 'tell' || kind === 'ask' || kind === 'answer';
}
