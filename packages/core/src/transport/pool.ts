import type { Clock } from '../spec/clock.ts';
import { Connection } from './connection.ts';
import { dial } from './dial.ts';
import type { Origin } from './origin.ts';
import type { TransportError } from './transport.ts';

export interface PoolSettings {
  readonly clock: Clock;
  readonly maxHeadBytes: number;
  readonly maxIdlePerOrigin: number;
  /** Idle time after which a connection is not used again, when the server gives no `Keep-Alive: timeout`. */
  readonly idleMs: number;
}

export interface OpenEvents {
  onOpen(connection: Connection): void;
  onFail(error: TransportError): void;
}

const READ_BUFFER_BYTES = 65_536;
const SWEEP_MS = 5_000;
/** A connection is given up this much before the server would close it, so a request does not cross the close. */
const HINT_MARGIN_MS = 1_000;

/** Idle connections of all origins. One coarse timer closes the old ones; taking one checks its age exactly. */
export class Pool {
  readonly settings: PoolSettings;
  readonly readBuffer: Buffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readonly #busyOrigins = new Set<Origin>();
  #sweepTimer: unknown;
  #closed = false;

  constructor(settings: PoolSettings) {
    this.settings = settings;
  }

  /** The most recently used idle connection, or `undefined`. */
  take(origin: Origin): Connection | undefined {
    const { idle } = origin;
    if (idle.length === 0) return undefined;
    const nowMs = this.settings.clock.now();
    for (let connection = idle.pop(); connection !== undefined; connection = idle.pop()) {
      if (connection.usable && connection.idleUntilMs > nowMs) {
        connection.setIdle(false);
        return connection;
      }
      connection.destroy();
    }
    return undefined;
  }

  /** Opens a fresh connection. The answer cancels. */
  open(origin: Origin, timeoutMs: number, events: OpenEvents): () => void {
    const connection = new Connection(this, origin);
    const { clock } = this.settings;
    return dial(
      origin,
      { clock, timeoutMs, readBuffer: this.readBuffer },
      {
        onRead: (bytes, length) => connection.onRead(bytes, length),
        onOpen: (socket) => {
          connection.attach(socket);
          events.onOpen(connection);
        },
        onFail: (error) => events.onFail(error),
      },
    );
  }

  put(connection: Connection): void {
    const { origin, idleLimitMs } = connection;
    if (this.#closed || idleLimitMs <= 0 || origin.idle.length >= this.settings.maxIdlePerOrigin) {
      connection.destroy();
      return;
    }
    connection.idleUntilMs = this.settings.clock.now() + idleLimitMs;
    connection.setIdle(true);
    origin.idle.push(connection);
    if (origin.idle.length === 1) this.#busyOrigins.add(origin);
    if (this.#sweepTimer === undefined) this.#armSweep();
  }

  /** A connection was closed; if it was idle here it goes. */
  forget(connection: Connection): void {
    const { idle } = connection.origin;
    const index = idle.lastIndexOf(connection);
    if (index >= 0) idle.splice(index, 1);
  }

  idleLimitFor(hintMs: number | undefined): number {
    return hintMs === undefined ? this.settings.idleMs : Math.min(this.settings.idleMs, hintMs - HINT_MARGIN_MS);
  }

  close(): void {
    this.#closed = true;
    if (this.#sweepTimer !== undefined) this.settings.clock.clear(this.#sweepTimer);
    this.#sweepTimer = undefined;
    for (const origin of this.#busyOrigins) {
      for (const connection of origin.idle.splice(0)) connection.destroy();
    }
    this.#busyOrigins.clear();
  }

  #armSweep(): void {
    this.#sweepTimer = this.settings.clock.after(SWEEP_MS, () => this.#sweep());
    (this.#sweepTimer as { unref?: () => void } | undefined)?.unref?.();
  }

  #sweep(): void {
    this.#sweepTimer = undefined;
    const nowMs = this.settings.clock.now();
    for (const origin of this.#busyOrigins) {
      const old = origin.idle.filter((connection) => connection.idleUntilMs <= nowMs);
      for (const connection of old) connection.destroy();
      if (origin.idle.length === 0) this.#busyOrigins.delete(origin);
    }
    if (this.#busyOrigins.size > 0) this.#armSweep();
  }
}
