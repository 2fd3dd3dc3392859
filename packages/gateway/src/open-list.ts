/** A member of an `OpenList`: it knows where it stands, so that nobody looks for it. */
export interface Listed {
  /** Set by the list. -1: it is in none. */
  place: number;
}

/**
 * What is open at the moment, in no order. Not a `Set`: one whose members come and go by thousands is copied every few
 * dozen of them, V8 keeps each old copy pointing to the next, and the young generation's collector takes a whole chain
 * of calls that ended long ago for alive (half of all that was allocated was copied, twice).
 */
export class OpenList<T extends Listed> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: T): void {
    if (member.place >= 0) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  delete(member: T): void {
    const { place } = member;
    if (place < 0) return;
    member.place = -1;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    last.place = place;
    this.#members[place] = last;
  }

  /** The members of this moment, whatever becomes of them meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    return [...this.#members][Symbol.iterator]();
  }
}
