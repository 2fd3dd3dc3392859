/** One line of the doctor's report. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'error';
  readonly category: 'config' | 'files' | 'keys' | 'reach' | 'models' | 'clock' | 'live';
  /** Entry, file or config path it is about. */
  readonly subject: string;
  readonly message: string;
  /** The command that mends it. */
  readonly mend?: string;
}

export const CATEGORY_TITLES: Readonly<Record<Finding['category'], string>> = {
  config: 'Config',
  files: 'Files and permissions',
  keys: 'Keys',
  reach: 'Reachability',
  models: 'Models',
  clock: 'Clock',
  live: 'Live calls',
};
