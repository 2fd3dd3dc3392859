import type { JsonObject } from '../spec/json.ts';
import type { ModelInfo } from '../spec/provider.ts';
import type { WireId } from '../spec/wire-id.ts';
import type { Plan } from '../route/target.ts';
import type { Endpoint } from '../vendors/endpoint-types.ts';
import type { ConfigAgent, ConfigEntry } from './model.ts';

/** How a caller names what it wants: a string as in SPEC §5, with the routing options of its body. */
export type Selector =
  | string
  | {
      readonly model?: string;
      /** OpenRouter's `models`, `provider{…}`, LiteLLM's `fallbacks`, `num_retries`, `timeout`, as they came. */
      readonly routing?: JsonObject;
    };

/** From names to walks. An immutable snapshot of one loaded config. */
export interface Router {
  /** Throws `RequestError`: 404 `model_not_found` for an unknown name, 400 for wrong routing options. */
  plan(selector?: Selector): Plan;
  /** What `GET /v1/models` lists: entries, their models, agents. */
  models(): readonly ModelInfo[];
  /** The entry as it is called by another protocol that its vendor speaks too; `undefined`: there is no such. */
  endpointAs?(entry: string, wire: WireId): Endpoint | undefined;
}

/** The router of a config, which also knows its entries and agents. */
export interface ConfigRouter extends Router {
  entries(): readonly ConfigEntry[];
  agents(): readonly ConfigAgent[];
  /** How the entry is called; `undefined` for an unknown entry or one that cannot be used. */
  endpoint(entry: string): Endpoint | undefined;
  /** `<type>.<alias>` that answers when nothing is asked for. */
  readonly defaultEntry?: string;
  readonly defaultAgent?: string;
}
