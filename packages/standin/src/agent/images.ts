import { readFile } from 'node:fs/promises';
import type { ImagePart } from '@standin/core/spec/message';
import { UsageError } from '../cli/exit.ts';
import { reasonOf } from '../cli/reason.ts';

const startsWith = (bytes: Buffer, ...head: number[]): boolean => head.every((byte, i) => bytes[i] === byte);
const ascii = (bytes: Buffer, from: number, to: number): string => bytes.toString('latin1', from, to);

/** The picture formats that every vendor with vision takes, told by their first bytes, whatever the file is called. */
export function sniffImage(bytes: Buffer): string | undefined {
  if (startsWith(bytes, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (startsWith(bytes, 0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (ascii(bytes, 0, 6) === 'GIF87a' || ascii(bytes, 0, 6) === 'GIF89a') return 'image/gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return 'image/webp';
  return undefined;
}

/** A picture from a file or an http(s) URL (which the vendor fetches). Throws `UsageError` for anything else. */
export async function loadImage(path: string): Promise<ImagePart> {
  if (/^https?:\/\//i.test(path)) {
    if (!URL.canParse(path)) throw new UsageError(`--image ${path}: not a valid URL.`);
    return { type: 'image', source: { type: 'url', url: path } };
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UsageError(`--image ${path}: cannot be read (${reasonOf(error)}).`, { cause: error });
  }
  const mediaType = sniffImage(bytes);
  if (mediaType === undefined) {
    const what = bytes.length === 0 ? 'the file is empty' : 'not a PNG, JPEG, GIF or WebP image';
    throw new UsageError(`--image ${path}: ${what}.`);
  }
  return { type: 'image', source: { type: 'base64', mediaType, data: bytes.toString('base64') } };
}
