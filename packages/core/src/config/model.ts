import type { Secret } from '../spec/secret.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { Key } from '../vendors/endpoint-types.ts';
import type { VendorRow } from '../vendors/row.ts';
import type { Dialect } from './dialects/detect.ts';
import type { LoginRef } from './login.ts';
import type { Report } from './issue.ts';
import type { AgentFields } from './schema/agent.ts';
import type { ProviderFields } from './schema/provider.ts';
import type { ConfigDocument } from './schema/root.ts';
import type { SourceMap } from './source.ts';

/** One entry of `[providers.models]`, with everything a call needs but the wire's code. */
export interface ConfigEntry {
  /** `<type>.<alias>` as written. */
  readonly ref: string;
  readonly type: string;
  readonly alias: string;
  /** Canonical slot; the `<type>` itself when no vendor has that name. */
  readonly slot: string;
  /** Absent: no vendor has that name. */
  readonly row?: VendorRow;
  readonly fields: ProviderFields;
  /** Region: `endpoint`, else the one the spelling of `<type>` selects. */
  readonly region?: string;
  /** Protocol asked for by `wire_api`, `kind` or the spelling; absent: the row's first. */
  readonly wire?: WireId;
  /** The entry's address when it is not the row's own. */
  readonly uri?: string;
  /** Keys in order; an entry that needs none has one without a secret. Empty: no credential was found. */
  readonly keys: readonly Key[];
  /** The login the entry calls with; its keys then hold no secret. */
  readonly login?: LoginRef;
  /** Where the first key was found: a config path or a variable. */
  readonly keySource?: string;
  /** An entry of Codex called through OpenAI's API with a key; `notice`: why, when nobody asked for it. */
  readonly openaiApi?: { readonly notice?: string };
  /** `[[model_routes]]` and the walk use it when nothing else names a model. */
  readonly model?: string;
  readonly modelSource: 'config' | 'build' | 'catalog' | 'none';
  /** Made from the environment, not written by anybody: any model its vendor offers counts as configured. */
  readonly implicit: boolean;
  /** Why no call can be made through it, in one sentence. */
  readonly unusable?: string;
  /** The field to blame for it, when it is one. */
  readonly unusableField?: string;
}

export interface ConfigAgent {
  readonly alias: string;
  readonly enabled: boolean;
  /** The entry that answers, as written in the config. */
  readonly entry?: string;
  readonly fields: AgentFields;
  readonly delegates: readonly string[];
}

export interface ModelRoute {
  readonly hint: string;
  readonly entry: string;
  readonly model?: string;
  readonly apiKey?: Secret;
}

/** A loaded config: immutable, checked, secrets opaque. Start nothing from one whose `report` has errors. */
export interface Config {
  /** Absolute path; absent: no file. */
  readonly file?: string;
  readonly dialect: Dialect | 'environment';
  readonly document: ConfigDocument;
  readonly entries: ReadonlyMap<string, ConfigEntry>;
  readonly agents: ReadonlyMap<string, ConfigAgent>;
  readonly routes: readonly ModelRoute[];
  /** Entry that answers when nothing is asked for. Absent: there is no entry. */
  readonly defaultEntry?: string;
  /** Agent of that answer, when there is one. */
  readonly defaultAgent?: string;
  /** `[reliability] fallback_providers`: further fallbacks of the default entry. */
  readonly extraFallbacks: readonly string[];
  readonly sources: SourceMap;
  readonly report: Report;
}
