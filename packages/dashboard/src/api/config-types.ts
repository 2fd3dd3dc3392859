import type { Money, WaterfallAttempt } from './types.ts';

export interface Issue {
  readonly level: 'error' | 'warning' | 'note';
  readonly path: string | null;
  readonly line: number | null;
  readonly message: string;
  readonly suggestion: string | null;
}

export interface ValueSource {
  readonly kind: 'file' | 'variable' | 'flag' | 'build' | 'catalog' | 'default';
  readonly line: number | null;
  readonly name: string | null;
  readonly variables: readonly string[];
}

export interface ConfigValue {
  readonly path: string;
  readonly value: unknown;
  readonly source: ValueSource;
  readonly secret: boolean;
  readonly set: boolean;
  readonly fingerprints?: readonly string[];
  readonly overridden: boolean;
}

export interface ConfigSection {
  readonly path: string;
  readonly kind: 'entry' | 'section' | 'agent';
}

export interface ConfigAnswer {
  readonly file: string | null;
  readonly editable: boolean;
  readonly notEditable: string | null;
  readonly hash: string | null;
  readonly dialect: string | null;
  readonly refused: string | null;
  readonly sections: readonly ConfigSection[];
  readonly values: readonly ConfigValue[];
  readonly issues: readonly Issue[];
  readonly history: number;
}

export interface SchemaNode {
  readonly type:
    | 'object'
    | 'record'
    | 'array'
    | 'enum'
    | 'string'
    | 'boolean'
    | 'integer'
    | 'number'
    | 'json'
    | 'table';
  readonly fields?: Readonly<Record<string, SchemaNode>>;
  readonly value?: SchemaNode;
  readonly item?: SchemaNode;
  readonly values?: readonly string[];
  readonly description?: string;
  readonly default?: string;
  readonly example?: string;
  readonly secret?: boolean;
  readonly foreign?: boolean;
}

export interface Slot {
  readonly id: string;
  readonly name: string;
  readonly keyVariables: readonly string[];
  readonly keyRequired: boolean;
  readonly defaultModel: string | null;
  readonly endpoints: readonly string[];
}

export interface SchemaAnswer {
  readonly root: SchemaNode;
  readonly slots: readonly Slot[];
}

export type Change =
  | { readonly op: 'set'; readonly path: string; readonly value: unknown }
  | { readonly op: 'unset'; readonly path: string }
  | { readonly op: 'rename'; readonly path: string; readonly alias: string }
  | { readonly op: 'create'; readonly path: string; readonly fields: Readonly<Record<string, unknown>> };

export interface CheckAnswer {
  readonly ok: boolean;
  readonly changed: boolean;
  readonly issues: readonly Issue[];
  readonly diff: string;
  readonly hash: string;
}

export interface ApplyAnswer {
  readonly changed: boolean;
  readonly issues: readonly Issue[];
  readonly diff: string;
  readonly hash: string;
  readonly undo: string | null;
}

export interface HistoryEntry {
  readonly id: string;
  readonly at: number;
  readonly summary: readonly string[];
  readonly diff: string;
  readonly undoable: boolean;
}

export interface TryAnswer {
  readonly ok: boolean;
  readonly requestId: string | null;
  readonly text: string | null;
  readonly tookMs: number;
  readonly firstContentMs: number | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: Money | null;
  readonly error: { readonly kind: string; readonly message: string } | null;
  readonly attempts: readonly WaterfallAttempt[];
}
