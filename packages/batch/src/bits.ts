/** A growing set of small whole numbers, one bit each: which lines of a batch are done. */
export class BitSet {
  #words = new Uint32Array(1_024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return ((this.#words[index >>> 5] ?? 0) & (1 << (index & 31))) !== 0;
  }

  /** `false` when it was there already. */
  add(index: number): boolean {
    if (this.has(index)) return false;
    const word = index >>> 5;
    if (word >= this.#words.length) {
      const larger = new Uint32Array(Math.max(word + 1, this.#words.length * 2));
      larger.set(this.#words);
      this.#words = larger;
    }
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (index & 31));
    this.#count += 1;
    return true;
  }
}
