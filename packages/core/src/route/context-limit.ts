const LIMITS: readonly RegExp[] = [
  /maximum context length (?:is|of) ([\d,]+)/i,
  /tokens? > ([\d,]+) maximum/i,
  /maximum number of tokens allowed \(?([\d,]+)/i,
  /maximum prompt length is ([\d,]+)/i,
  /with ([\d,]+) maximum context length/i,
  /exceeds the limit of ([\d,]+)/i,
  /exceeded model token limit: ([\d,]+)/i,
  /exceed context limit: [\d,]+ \+ [\d,]+ > ([\d,]+)/i,
  /model maximum context length: ([\d,]+)/i,
  /while limit is ([\d,]+)/i,
  /input length should be \[1, ?([\d,]+)/i,
  /available context size \(?([\d,]+)/i,
];

/** The window that a vendor named while refusing a request as too long, in tokens. */
export function contextLimitIn(message: string): number | undefined {
  for (const pattern of LIMITS) {
    const found = pattern.exec(message)?.[1];
    if (found !== undefined) return Number(found.replaceAll(',', ''));
  }
  return undefined;
}
