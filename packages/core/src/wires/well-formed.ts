/**
 * JSON text without lone surrogates. `JSON.stringify` writes them as `\ud8xx` escapes, which several vendors refuse
 * (Anthropic, Cerebras, Vertex; read 2026-11), so the slow way is taken only when such an escape may be there.
 */
export function stringifyWellFormed(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes('\\ud') ? JSON.stringify(wellFormed(value)) : text;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.toWellFormed(), wellFormed(inner)]));
}
