import { z } from 'zod';

/** What is known about a field beyond its type. JSON Schema, docs, the TUI and the environment grammar read it. */
export interface FieldMeta {
  readonly description: string;
  /** Held as `Secret`, masked everywhere, asked for without echo. */
  readonly secret?: boolean;
  /** Shown when unset. */
  readonly defaultText?: string;
  readonly example?: string;
  /** Other spellings of an enum value → the value; compared in lower case with `-`, space and `.` read as `_`. */
  readonly spellings?: Readonly<Record<string, string>>;
  /** Known from ZeroClaw and accepted, but Standin has no use for it: reported once. */
  readonly effect?: 'none';
}

/** An optional field with its description. */
export function field<S extends z.ZodType>(schema: S, meta: FieldMeta) {
  return schema.meta({ ...meta }).optional();
}

/** A field of another program that is accepted and reported. */
export function foreign(description: string) {
  return field(z.unknown(), { description, effect: 'none' });
}

/** Many of them at once: one schema stands for all. */
export function foreignKeys<const K extends string>(names: readonly K[], owner: string) {
  const one = foreign(`${owner} key; has no effect in Standin.`);
  const shape: Record<string, typeof one> = {};
  for (const name of names) shape[name] = one;
  return shape as Record<K, ReturnType<typeof foreign>>;
}
