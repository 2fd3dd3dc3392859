/** A tool call inside the wrapper, its arguments as JSON text. */
export interface WrappedCall {
  readonly name: string;
  readonly arguments: string;
}

/** OpenAI models sometimes call this undeclared wrapper instead of several tools (vercel/ai fixtures, read 2026-11). */
export function isParallelWrapper(name: string): boolean {
  return name === 'multi_tool_use.parallel' || name === 'parallel';
}

/** The calls inside, or `undefined` when it is an ordinary call after all (a tool that is really named `parallel`). */
export function expandParallelWrapper(name: string, json: string): WrappedCall[] | undefined {
  if (!isParallelWrapper(name)) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(json, keepNumberText);
  } catch {
    return undefined;
  }
  const uses = (parsed as { tool_uses?: unknown } | null)?.tool_uses;
  if (!Array.isArray(uses) || uses.length === 0) return undefined;
  const calls: WrappedCall[] = [];
  for (const use of uses as { recipient_name?: unknown; parameters?: unknown }[]) {
    if (typeof use?.recipient_name !== 'string') return undefined;
    const parameters = use.parameters ?? {};
    calls.push({
      name: use.recipient_name.replace(/^functions\./, ''),
      arguments: typeof parameters === 'string' ? parameters : JSON.stringify(parameters),
    });
  }
  return calls;
}

const rawJson = (JSON as unknown as { rawJSON?: (text: string) => unknown }).rawJSON;

/** Long numbers would lose digits on the way through a double (ES2025 source text access). */
function keepNumberText(this: unknown, _key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined || rawJson === undefined) return value;
  return rawJson(context.source);
}
