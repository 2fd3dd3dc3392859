import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * A key or token in memory. Every way of printing it gives its fingerprint; only `reveal()` gives the value, and only
 * transport and auth call that.
 */
export class Secret {
  readonly #value: string;
  #fingerprint: string | undefined;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** First 8 hex digits of the SHA-256: the same key has the same fingerprint everywhere, and it gives nothing away. */
  get fingerprint(): string {
    this.#fingerprint ??= createHash('sha256').update(this.#value).digest('hex').slice(0, 8);
    return this.#fingerprint;
  }

  toString(): string {
    return `key:${this.fingerprint}`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
