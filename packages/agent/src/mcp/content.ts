import { isJsonObject } from '@standin/core/spec/json';
import type { ImagePart, TextPart } from '@standin/core/spec/message';
import type { ToolOutcome } from '../tool.ts';

const IMAGES = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

/** An MCP result as parts a model can read: texts and images as they are, anything binary by name and size. */
export function mcpOutcome(result: unknown): ToolOutcome {
  const { content, structuredContent, isError } = isJsonObject(result) ? result : {};
  const parts = Array.isArray(content) ? content.map(partOf) : [];
  if (parts.length === 0 && structuredContent !== undefined) parts.push(text(JSON.stringify(structuredContent)));
  return { content: parts, ...(isError === true ? { isError: true } : {}) };
}

function partOf(item: unknown): TextPart | ImagePart {
  if (!isJsonObject(item)) return text(typeof item === 'string' ? item : JSON.stringify(item));
  const { type, data, mimeType, resource } = item;
  const said = (value: unknown): string => (typeof value === 'string' ? value : '');
  if (type === 'text') return text(typeof item['text'] === 'string' ? item['text'] : '');
  if (type === 'image' && typeof data === 'string' && typeof mimeType === 'string' && IMAGES.has(mimeType))
    return { type: 'image', source: { type: 'base64', mediaType: mimeType, data } };
  if (type === 'resource' && isJsonObject(resource)) {
    if (typeof resource['text'] === 'string') return text(`${said(resource['uri'])}:\n${resource['text']}`);
    return text(binary(resource['mimeType'], resource['blob'], resource['uri']));
  }
  if (type === 'resource_link') return text(`${said(item['name'])} ${said(item['uri'])}`.trim());
  return text(binary(mimeType ?? type, data, undefined));
}

const text = (value: string): TextPart => ({ type: 'text', text: value });

function binary(kind: unknown, data: unknown, uri: unknown): string {
  const bytes = typeof data === 'string' ? Math.floor((data.length * 3) / 4) : 0;
  return `(${typeof kind === 'string' ? kind : 'binary data'}, ${bytes} bytes${typeof uri === 'string' ? `, ${uri}` : ''}: not text, left out)`;
}
