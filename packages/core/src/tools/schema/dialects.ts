/** Subsets of JSON Schema that vendors take. `plain`: all of it. */
export type SchemaDialect = 'plain' | 'openai-strict' | 'anthropic' | 'gemini' | 'bedrock-nova';

export interface DialectRules {
  /** Keywords that may be sent; whatever is not listed here goes: one unknown word rejects the whole request. */
  readonly keywords: ReadonlySet<string>;
  /** The same for the outermost schema, when it takes fewer. */
  readonly rootKeywords?: ReadonlySet<string>;
  /** Formats of strings and numbers that are known; absent: all. */
  readonly formats?: ReadonlySet<string>;
  /** `$ref` is understood; otherwise what it names is written in its place. */
  readonly references: boolean;
  /** Every object says `additionalProperties: false`. */
  readonly closedObjects: boolean;
  /** Every property is required; one that need not be there may be null instead. */
  readonly allRequired: boolean;
  /** `null` is said by `nullable`, and `const` by an `enum` of texts. */
  readonly openApi: boolean;
  /** What cannot be enforced is said in the description, for the model to read. */
  readonly intoDescription: boolean;
  /** Largest `minItems`. */
  readonly maxMinItems?: number;
}

const words = (...lists: readonly string[]): ReadonlySet<string> => new Set(lists.flatMap((list) => list.split(' ')));

const COMMON = 'type properties required items enum description title anyOf';
const STRING_FORMATS = 'date-time time date duration email hostname ipv4 ipv6 uuid';

export const DIALECTS: Readonly<Record<Exclude<SchemaDialect, 'plain'>, DialectRules>> = {
  // platform.openai.com/docs/guides/structured-outputs, "Supported schemas", read 2026-11.
  'openai-strict': {
    keywords: words(
      COMMON,
      'additionalProperties const $ref $defs definitions pattern format',
      'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems',
    ),
    formats: words(STRING_FORMATS),
    references: true,
    closedObjects: true,
    allRequired: true,
    openApi: false,
    intoDescription: true,
  },
  // Anthropic docs, "Structured outputs", JSON Schema limitations, read 2026-11. Recursion is refused.
  anthropic: {
    keywords: words(COMMON, 'additionalProperties allOf const $ref $defs definitions default format minItems'),
    formats: words(STRING_FORMATS, 'uri'),
    references: true,
    closedObjects: true,
    allRequired: false,
    openApi: false,
    intoDescription: true,
    maxMinItems: 1,
  },
  // ai.google.dev/api/caching#Schema, read 2026-11.
  gemini: {
    keywords: words(
      COMMON,
      'format nullable maxItems minItems minProperties maxProperties minLength maxLength pattern example',
      'propertyOrdering minimum maximum',
    ),
    formats: words('enum date-time float double int32 int64'),
    references: false,
    closedObjects: false,
    allRequired: false,
    openApi: true,
    intoDescription: false,
  },
  // docs.aws.amazon.com/nova, "Tool use", read 2026-11: the top level takes type, properties and required only.
  'bedrock-nova': {
    keywords: words(
      COMMON,
      'additionalProperties const default format allOf oneOf not pattern examples',
      'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems uniqueItems',
      'minProperties maxProperties',
    ),
    rootKeywords: words('type properties required'),
    references: false,
    closedObjects: false,
    allRequired: false,
    openApi: false,
    intoDescription: false,
  },
};
