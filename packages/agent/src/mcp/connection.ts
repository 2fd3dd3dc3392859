import type { Client } from '@modelcontextprotocol/client';
import type { JsonObject } from '@standin/core/spec/json';
import type { McpServer } from './servers.ts';
import { connectedClient, messageOf, type ConnectOptions } from './transports.ts';

export const DEFAULT_TIMEOUT_MS = 60_000;
/** A server that could not be started is not tried again for so long: callers would wait for it one after the other. */
const REST_MS = 1_000;

/** A tool as its server lists it. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: unknown;
}

interface Opened {
  readonly client: Client;
  readonly listed: readonly ListedTool[];
}

/** One MCP server: started when it is first used, once for all who ask, and again when it has died. */
export class McpConnection {
  readonly server: McpServer;
  readonly #options: ConnectOptions;
  #opening: Promise<Opened> | undefined;
  #opened: Opened | undefined;
  #refused: { readonly error: unknown; readonly until: number } | undefined;
  #isClosed = false;

  constructor(server: McpServer, options: ConnectOptions) {
    this.server = server;
    this.#options = options;
  }

  get timeoutMs(): number {
    return this.server.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Its tools. Starts it where it does not run; throws why it could not be. */
  async tools(): Promise<readonly ListedTool[]> {
    return (await this.#use()).listed;
  }

  /** One call. A server that had died or forgotten its session before the call came to it is started anew first. */
  async call(name: string, args: JsonObject, signal: AbortSignal): Promise<unknown> {
    const opened = await this.#use();
    const ask = async ({ client }: Opened): Promise<unknown> =>
      client.callTool({ name, arguments: args }, { signal, timeout: this.timeoutMs });
    try {
      return await ask(opened);
    } catch (error) {
      if (signal.aborted || !isOfConnection(error)) throw error;
      this.#drop(opened);
      if (!neverArrived(error)) throw new Error(`The connection broke off: ${messageOf(error)}`, { cause: error });
      return ask(await this.#use());
    }
  }

  /** Stops it for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const opened = this.#opened ?? (await this.#opening?.catch(() => undefined));
    this.#opened = undefined;
    await opened?.client.close().catch(() => {});
  }

  async #use(): Promise<Opened> {
    if (this.#isClosed) throw new Error(`The MCP server "${this.server.name}" was stopped.`);
    if (this.#opened !== undefined) return this.#opened;
    if (this.#refused !== undefined && performance.now() < this.#refused.until) throw this.#refused.error;
    this.#opening ??= this.#open();
    return this.#opening;
  }

  async #open(): Promise<Opened> {
    try {
      const client = await connectedClient(this.server, this.#options, this.timeoutMs);
      const opened = await listedBy(client, this.timeoutMs);
      Object.assign(client, {
        onclose: () => this.#forget(opened),
        // The library's own tries to come back are over; what waits for an answer would wait for its whole timeout.
        onerror: ({ message }: Error) => {
          if (/Maximum reconnection attempts|^SSE error/.test(message)) this.#drop(opened);
        },
      });
      this.#refused = undefined;
      this.#opened = opened;
      return opened;
    } catch (error) {
      this.#refused = { error, until: performance.now() + REST_MS };
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  #drop(opened: Opened): void {
    this.#forget(opened);
    opened.client.close().catch(() => {});
  }

  #forget(opened: Opened): void {
    if (this.#opened === opened) this.#opened = undefined;
  }
}

async function listedBy(client: Client, timeout: number): Promise<Opened> {
  try {
    const { tools } = await client.listTools(undefined, { timeout });
    return { client, listed: tools };
  } catch (error) {
    await client.close().catch(() => {});
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
const statusOf = (error: unknown): number =>
  Number((error as { status?: unknown }).status ?? (error as { data?: { status?: unknown } }).data?.status ?? 0);

const LOST: ReadonlySet<unknown> = new Set(['CONNECTION_CLOSED', 'NOT_CONNECTED', 'SEND_FAILED']);

/** Not an answer of the server, nor its silence: the way to it. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (LOST.has(codeOf(error))) return true;
  return statusOf(error) >= 400 || error.cause !== undefined || /fetch failed|HTTP \d{3}|EPIPE/.test(error.message);
}

/** The server cannot have run the tool: nothing listened, or it did not know the session (404; some say 400). */
function neverArrived(error: unknown): boolean {
  const { cause, message } = error as Error;
  if (codeOf(error) === 'NOT_CONNECTED' || codeOf(cause ?? {}) === 'ECONNREFUSED') return true;
  return [400, 404].includes(statusOf(error)) || /HTTP (400|404)\b/.test(message);
}
