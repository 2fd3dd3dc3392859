export type Environment = Readonly<Record<string, string | undefined>>;

/** Outcome of expanding one string. `missing` and `malformed` never carry the text itself: it may be a secret. */
export interface Expansion {
  readonly value: string;
  /** Variables that took part, in order. */
  readonly variables: readonly string[];
  /** Unset names without a default. */
  readonly missing: readonly string[];
  /** A `${` that is no reference. */
  readonly malformed: boolean;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/uy;

/**
 * `${NAME}` and `${NAME:-default}` (used when unset or empty, as in a shell; the default may hold references itself).
 * `$${` stands for a literal `${`. A lone `$` is itself.
 */
export function expand(text: string, env: Environment): Expansion {
  if (!text.includes('${')) return { value: text, variables: [], missing: [], malformed: false };
  const state = { variables: [] as string[], missing: [] as string[], malformed: false };
  const { value } = read(text, 0, env, state, false);
  return { value, ...state };
}

interface State {
  variables: string[];
  missing: string[];
  malformed: boolean;
}

function read(
  text: string,
  from: number,
  env: Environment,
  state: State,
  inDefault: boolean,
): { value: string; end: number } {
  let value = '';
  let at = from;
  while (at < text.length) {
    if (inDefault && text[at] === '}') return { value, end: at };
    if (text.startsWith('$${', at)) {
      value += '${';
      at += 3;
    } else if (text.startsWith('${', at)) {
      const reference = readReference(text, at + 2, env, state);
      value += reference.value;
      at = reference.end;
    } else {
      value += text[at];
      at++;
    }
  }
  if (inDefault) state.malformed = true;
  return { value, end: at };
}

function readReference(text: string, from: number, env: Environment, state: State): { value: string; end: number } {
  NAME.lastIndex = from;
  const name = NAME.exec(text)?.[0];
  if (name === undefined) {
    state.malformed = true;
    return { value: '', end: text.length };
  }
  const after = from + name.length;
  const found = env[name];
  if (text[after] === '}') {
    state.variables.push(name);
    if (found === undefined) state.missing.push(name);
    return { value: found ?? '', end: after + 1 };
  }
  if (!text.startsWith(':-', after)) {
    state.malformed = true;
    return { value: '', end: text.length };
  }
  state.variables.push(name);
  const useDefault = found === undefined || found === '';
  // The default is scanned either way to find its end; only a used one may miss a variable.
  const scratch: State = useDefault ? state : { variables: [], missing: [], malformed: false };
  const fallback = read(text, after + 2, env, scratch, true);
  if (scratch.malformed) state.malformed = true;
  return { value: useDefault ? fallback.value : found, end: fallback.end + 1 };
}
