/** One text field of a multipart body: where its value stands, in bytes. */
export interface FormField {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const MOST_VALUE = 1_000;

/**
 * Finds the first field of this name. Files are not looked into: a part's head ends where its empty line is, and the
 * next boundary ends its body (RFC 7578). `undefined` when there is none, or the body is not such a form.
 */
export function formField(body: Buffer, contentType: string, name: string): FormField | undefined {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType);
  const text = boundary?.[1] ?? boundary?.[2];
  if (text === undefined) return undefined;
  const delimiter = Buffer.from(`--${text}`, 'latin1');
  let at = body.indexOf(delimiter);
  while (at >= 0) {
    const headStart = at + delimiter.length;
    const headEnd = body.indexOf('\r\n\r\n', headStart, 'latin1');
    if (headEnd < 0) return undefined;
    const next = body.indexOf(Buffer.concat([Buffer.from('\r\n'), delimiter]), headEnd);
    if (next < 0) return undefined;
    const head = body.toString('latin1', headStart, headEnd);
    const named = /content-disposition:[^\r\n]*;\s*name=(?:"([^"\r\n]*)"|([^\s;\r\n]+))/i.exec(head);
    const start = headEnd + 4;
    const isField = (named?.[1] ?? named?.[2]) === name && !/;\s*filename\*?=/i.test(head);
    if (isField && start <= next && next - start <= MOST_VALUE)
      return { value: body.toString('utf8', start, next), start, end: next };
    at = next + 2;
  }
  return undefined;
}

/** The body with another value in that place. */
export function withField(body: Buffer, { start, end }: FormField, value: string): Buffer {
  return Buffer.concat([body.subarray(0, start), Buffer.from(value, 'utf8'), body.subarray(end)]);
}
