/** One sentence about a path the schema does not have, with the nearest one. */
export async function unknownPath(text: string, path: readonly string[]): Promise<string> {
  const [{ nodeAt, rootNode }, { suggest }] = await Promise.all([
    import('@standin/core/config/schema/walk'),
    import('@standin/core/config/nearest'),
  ]);
  let depth = path.length - 1;
  while (depth > 0 && nodeAt(path.slice(0, depth)) === undefined) depth--;
  const parent = depth === 0 ? rootNode : nodeAt(path.slice(0, depth));
  const known = parent?.shape.type === 'object' ? Object.keys(parent.shape.fields) : [];
  const hint = suggest(path[depth] ?? '', known);
  return `No config path ${text}${hint === undefined ? '' : ` (${hint})`}.`;
}
