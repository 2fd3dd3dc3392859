/** A map by two names. Joining them into one key would cost more than the look-up, many times for every request. */
export class PairMap<Value> {
  readonly #most: number;
  readonly #byFirst = new Map<string, Map<string, Value>>();
  #size = 0;

  /** `most`: pairs that are kept; one more, and all are forgotten. */
  constructor(most: number) {
    this.#most = most;
  }

  get(first: string, second: string): Value | undefined {
    return this.#byFirst.get(first)?.get(second);
  }

  set(first: string, second: string, value: Value): void {
    let bySecond = this.#byFirst.get(first);
    if (bySecond?.has(second) !== true) {
      if (this.#size >= this.#most) {
        this.#byFirst.clear();
        this.#size = 0;
        bySecond = undefined;
      }
      this.#size++;
    }
    if (bySecond === undefined) this.#byFirst.set(first, (bySecond = new Map<string, Value>()));
    bySecond.set(second, value);
  }
}
