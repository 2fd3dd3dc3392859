import type { ToolCallPart } from '@standin/core/spec/message';

/** The same call with the same result may be made this often in a row; then it is refused, and later the run ends. */
const MOST_REPEATS = 3;
const MOST_REFUSALS = 3;

/** Notices a model that asks for the same thing again and again. */
export class LoopGuard {
  #last = '';
  #repeats = 0;
  #refusals = 0;

  /** `refuse`: the model is told instead; `stop`: it did not listen. Calls of one step are looked at together. */
  look(calls: readonly Pick<ToolCallPart, 'name' | 'arguments'>[]): 'run' | 'refuse' | 'stop' {
    const mark = calls.map((call) => `${call.name}\n${canonical(call.arguments)}`).join('\n\n');
    if (mark !== this.#last) {
      this.#last = mark;
      this.#repeats = 1;
      this.#refusals = 0;
      return 'run';
    }
    this.#repeats += 1;
    if (this.#repeats <= MOST_REPEATS) return 'run';
    this.#refusals += 1;
    return this.#refusals > MOST_REFUSALS ? 'stop' : 'refuse';
  }

  /** A new result of the last call: it was worth repeating. */
  changed(): void {
    this.#repeats = 1;
    this.#refusals = 0;
  }
}

/** JSON with sorted keys, so that another order of the same arguments is the same call. */
function canonical(text: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(text)));
  } catch {
    return text;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [two]) => (one < two ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}
