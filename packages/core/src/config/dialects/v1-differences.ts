import { valueAt, type ConfigPath } from '../path.ts';
import type { V1Context } from './v1.ts';

/** Where ZeroClaw v0.6 and its documents differ (both read 2026-09). Standin does what the documents say. */
const DIFFERENCES: readonly (readonly [ConfigPath, string])[] = [
  [
    ['reliability', 'api_keys'],
    'the document promises rotation on 429, the program went on with its first key; Standin rotates',
  ],
  [
    ['reliability', 'model_fallbacks'],
    "the document tries a provider's own models before the next provider, the program tried each model on every provider; Standin follows the document",
  ],
  [
    ['reliability', 'fallback_providers'],
    'the document gives each fallback its own model, the program sent it the model of the default provider; Standin follows the document',
  ],
  [
    ['providers'],
    'the document gives fallbacks a model by [[providers.<name>]], the program ignored these tables; Standin reads them',
  ],
  [
    ['reliability', 'provider_backoff_ms'],
    'the document promises that Retry-After is read, the program looked for it in the error text only; Standin reads the header',
  ],
  [
    ['api_url'],
    'the document lets api_url replace any address, the program read it for a few providers only; Standin follows the document',
  ],
];

/** For these the program preferred the environment to the key that the file gives. */
const ENVIRONMENT_FIRST: ReadonlySet<string> = new Set(['anthropic', 'openai', 'groq']);

export function noteDifferences({ converter, primary }: V1Context): void {
  for (const [path, message] of DIFFERENCES) {
    if (valueAt(converter.source, path) !== undefined) converter.note(path, message);
  }
  const routes = converter.source['model_routes'];
  if (Array.isArray(routes)) {
    routes.forEach((_route, index) => {
      converter.note(
        ['model_routes', String(index), 'hint'],
        'the document takes hint for the beginning of the requested model name, the program compared "hint:NAME" only; Standin does both',
      );
    });
  }
  if (converter.source['api_key'] !== undefined && ENVIRONMENT_FIRST.has(primary.match?.row.id ?? '')) {
    converter.note(
      ['api_key'],
      `the document gives the key here, the program preferred the variable of ${primary.match?.row.name ?? primary.type}; Standin uses the key given here`,
    );
  }
  if (JSON.stringify(converter.source).includes('${')) {
    converter.note([], 'the document expands ${NAME}, the program sent the text as it stands; Standin expands it');
  }
}
