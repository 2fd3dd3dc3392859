import { ProviderError } from '../../spec/errors.ts';
import { isJsonObject } from '../../spec/json.ts';

/** Streamed arguments: values with their paths, turned into the text of one JSON object that only ever grows. */
export interface PartialArguments {
  /** One `partialArgs` entry; returns the text it adds. Throws kind `protocol` when it cannot be appended. */
  add(entry: unknown): string;
  /** Text that closes the object; `''` when nothing was added. */
  close(): string;
}

interface Container {
  readonly isArray: boolean;
  /** Step of the path that leads into it. */
  readonly step: string | number;
  count: number;
  readonly keys: Set<string>;
}

/**
 * Vertex streams arguments as `{jsonPath: "$.a[0].b", stringValue, willContinue}` in document order (Vertex AI
 * reference, "Stream function call arguments", read 2026-11).
 */
export function createPartialArguments(): PartialArguments {
  const open: Container[] = [];
  let openString: string | undefined;

  const closeString = (): string => {
    if (openString === undefined) return '';
    openString = undefined;
    return '"';
  };
  const closeTo = (depth: number): string => {
    let text = '';
    while (open.length > depth) text += open.pop()?.isArray === true ? ']' : '}';
    return text;
  };
  const enter = (step: string | number, isArray: boolean): string => {
    open.push({ isArray, step, count: 0, keys: new Set() });
    return isArray ? '[' : '{';
  };
  /** Comma and key of the next member of the innermost container. */
  const member = (step: string | number): string => {
    const container = open.at(-1);
    if (container === undefined || container.isArray !== (typeof step === 'number')) throw misplaced();
    if (typeof step === 'number') {
      if (step < container.count) throw misplaced();
      // Places that were left out are null, as the vendor's own clients fill them.
      const filler = 'null,'.repeat(Math.min(step - container.count, 10_000));
      const comma = container.count > 0 ? ',' : '';
      container.count = step + 1;
      return comma + filler;
    }
    if (container.keys.has(step)) throw misplaced();
    container.keys.add(step);
    container.count += 1;
    return `${container.count > 1 ? ',' : ''}${JSON.stringify(step)}:`;
  };

  const moveTo = (path: readonly (string | number)[]): string => {
    let text = open.length === 0 ? enter('$', false) : '';
    let depth = 1;
    while (depth < open.length && depth < path.length && open[depth]?.step === path[depth - 1]) depth += 1;
    text += closeTo(depth);
    for (let at = depth - 1; at < path.length - 1; at += 1) {
      const step = path[at];
      if (step === undefined) break;
      text += member(step) + enter(step, typeof path[at + 1] === 'number');
    }
    const last = path.at(-1);
    if (last === undefined) throw misplaced();
    return text + member(last);
  };

  return {
    add(entry) {
      if (!isJsonObject(entry)) return '';
      const path = typeof entry['jsonPath'] === 'string' ? entry['jsonPath'] : '';
      const goesOn = entry['willContinue'] === true;
      const piece = entry['stringValue'];
      if (typeof piece === 'string' && openString === path) {
        return JSON.stringify(piece).slice(1, -1) + (goesOn ? '' : closeString());
      }
      const value = scalarOf(entry);
      // A path without a value only opens what is to come.
      if (value === undefined) return '';
      const text = closeString() + moveTo(readPath(path));
      if (typeof piece !== 'string' || !goesOn) return text + value;
      openString = path;
      return text + value.slice(0, -1);
    },
    close: () => closeString() + closeTo(0),
  };
}

function scalarOf(entry: { readonly [key: string]: unknown }): string | undefined {
  for (const name of ['stringValue', 'numberValue', 'boolValue'] as const) {
    if (entry[name] !== undefined) return JSON.stringify(entry[name]);
  }
  return 'nullValue' in entry ? 'null' : undefined;
}

const STEP = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** `$.a[0]['odd key']` to its steps. */
function readPath(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  STEP.lastIndex = path.startsWith('$') ? 1 : 0;
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path);
    if (found === null) throw misplaced();
    const [, name, index, single, double] = found;
    if (index !== undefined) steps.push(Number(index));
    else steps.push(name ?? (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  }
  return steps;
}

function misplaced(): ProviderError {
  const message = 'The vendor streamed tool arguments in an order that cannot be put together.';
  return new ProviderError({ kind: 'protocol', message });
}
