import { isTree, valueAt, type ConfigPath } from '../path.ts';
import type { Converter } from './conversion.ts';
import type { DraftEntry } from './entry-book.ts';

/** Where ZeptoClaw and its documents differ (both read 2026-09). Standin does what the documents say. */
export function noteZeptoDifferences(
  converter: Converter,
  primary: DraftEntry | undefined,
  spare: DraftEntry | undefined,
): void {
  const note = (path: ConfigPath, message: string) => {
    if (valueAt(converter.source, path) !== undefined) converter.note(path, message);
  };
  note(
    ['providers', 'default'],
    'the document makes this the provider that answers, the program chose one by agents.defaults.model; Standin follows the document',
  );
  if (primary !== undefined) {
    const name = primary.type;
    note(
      ['providers', name, 'model'],
      'the document makes this the model, the program read it for a fallback only; Standin follows the document',
    );
    if (name === 'anthropic') {
      note(['providers', name, 'api_base'], 'the program called a fixed address; Standin calls the one given here');
    }
  }
  if (spare !== undefined) {
    note(
      ['providers', 'fallback', 'provider'],
      'the document falls back after any error, the program not after a rejected key or an empty balance; Standin goes on after those too',
    );
  }
  note(
    ['providers', 'retry'],
    'the document retries a provider and then falls back, the program walked the whole chain again with each retry; Standin follows the document',
  );
  for (const [name, provider] of Object.entries(converter.table(['providers']) ?? {})) {
    if (isTree(provider))
      note(
        ['providers', name, 'quota'],
        "the program counted no streamed answer, and every answer at the price of its built-in model; Standin counts what each vendor reports at that model's own price",
      );
  }
  note(['providers', 'rotation'], 'the program read this and never used it');
}
