/** `"a", "b"`. */
export function formatList(names: readonly string[]): string {
  return names
    .toSorted()
    .map((name) => `"${name}"`)
    .join(', ');
}
