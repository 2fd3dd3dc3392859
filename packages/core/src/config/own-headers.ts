/** Headers that the connection itself sets; an entry cannot. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'connection',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'te',
  'trailer',
]);

export function isOwnHeader(name: string): boolean {
  return OWN_HEADERS.has(name.trim().toLowerCase());
}
