import type { LoadOptions } from '@standin/core/config/load';
import type { Config } from '@standin/core/config/model';

/** The config of a running gateway, as far as it can be looked at and changed from outside. */
export interface ConfigHandle {
  /** The one in force. */
  readonly current: () => Config;
  /** How its file is read: a proposed text is read the same way. */
  readonly load: () => LoadOptions;
  /** Reads the file now. Resolves when it is in force, or with the reason why it is not. */
  readonly reload: () => Promise<string | undefined>;
}
