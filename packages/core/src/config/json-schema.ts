import { z } from 'zod';

import { configSchema } from './schema/root.ts';

type Json = { [key: string]: unknown };

/** Notes of the program that mean nothing to an editor. */
const OWN_NOTES = ['defaultText', 'spellings', 'effect', 'example', 'secret'];

/**
 * JSON Schema (draft 2020-12) of the native config: for editors, and for whoever checks a file without this program.
 * Secrets are `writeOnly`; keys without effect are `deprecated`.
 */
export function configJsonSchema(): Json {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-2020-12',
    // What stands in the file, before it is read.
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      const notes = jsonSchema as Json;
      if (notes['secret'] === true) notes['writeOnly'] = true;
      if (notes['effect'] === 'none') notes['deprecated'] = true;
      if (typeof notes['defaultText'] === 'string') notes['description'] = describe(notes);
      for (const name of OWN_NOTES) delete notes[name];
    },
  }) as Json;
  return { ...schema, title: 'Standin config', description: 'config.toml of Standin, generation 3.' };
}

function describe(notes: Json): string {
  const text = typeof notes['description'] === 'string' ? notes['description'] : '';
  return `${text} Default: ${String(notes['defaultText'])}.`.trim();
}
