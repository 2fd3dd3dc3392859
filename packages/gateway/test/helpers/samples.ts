/** Valid JSON that parsing and writing again would change. */
export const ODD_ARGUMENTS = '{"x": 1.0,  "big":12345678901234567890, "s":"\\u00e9 \\/ ünï"}';

/** A PNG of one pixel. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
