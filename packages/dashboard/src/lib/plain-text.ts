/** Marks that turn the direction of writing can make a text read as something else. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/** ANSI escapes and other controls as symbols (␛), marks that turn the direction of writing as their code. */
export function plainControls(text: string): string {
  return text.replace(/\p{Cc}/gu, symbolOf).replace(TURNING, codeOf);
}

function symbolOf(mark: string): string {
  if (mark === '\n' || mark === '\t') return mark;
  if (mark === '\r') return '';
  const code = mark.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : codeOf(mark);
}

const codeOf = (mark: string): string => `‹U+${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`;
