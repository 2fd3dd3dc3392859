import type { JsonObject } from '../spec/json.ts';
import type { ModelInfo } from '../spec/provider.ts';
import type { Plan } from '../route/target.ts';

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
  plan(selector?: Selector): Plan;
  /** What `GET /v1/models` lists: entries, their models, agents. */
  models(): readonly ModelInfo[];
}
