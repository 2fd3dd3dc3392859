/** One finding about a config. No secret is ever part of one. */
export interface Issue {
  /** `note`: nothing is wrong; says how a key is read. Only `config validate` prints notes. */
  readonly level: 'error' | 'warning' | 'note';
  readonly message: string;
  /** File as the user named it; absent for a finding about the environment. */
  readonly file?: string;
  /** 1-based line in that file. */
  readonly line?: number;
  /** Dotted config path, `providers.models.anthropic.main.model`. */
  readonly path?: string;
  /** What to do next, or the nearest known key. */
  readonly suggestion?: string;
}

/** What `config validate` prints. A config with errors must not be started; one with warnings may. */
export interface Report {
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
  /** Where another program and its documents differ, and which one Standin follows. */
  readonly notes: readonly Issue[];
}

/** `standin.toml:12: error: providers.models.openai.main.modle: unknown key (did you mean "model"?)` */
export function formatIssue(issue: Issue): string {
  const place = issue.file === undefined ? '' : `${issue.file}${issue.line === undefined ? '' : `:${issue.line}`}: `;
  const path = issue.path === undefined || issue.path === '' ? '' : `${issue.path}: `;
  const next = issue.suggestion === undefined ? '' : ` (${issue.suggestion})`;
  return `${place}${issue.level}: ${path}${issue.message}${next}`;
}

/** The config cannot be used. `issues` holds every error; the message lists them one per line. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[]) {
    super(issues.map(formatIssue).join('\n'));
    this.issues = issues;
  }
}

/** Collects findings while a config is read; the same finding is kept once. */
export class IssueList {
  readonly #issues: Issue[] = [];
  readonly #errorPaths: string[] = [];
  readonly #seen = new Set<string>();

  /** `at`: the native path, where `issue.path` is the one of another dialect's file. */
  add(issue: Issue, at: string | undefined = issue.path): void {
    if (issue.level === 'error' && at !== undefined) this.#errorPaths.push(at);
    const key = formatIssue(issue);
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#issues.push(issue);
  }

  /** True when something below this path is wrong already: what follows from it need not be said as well. */
  hasErrorBelow(path: string): boolean {
    return this.#errorPaths.some((at) => at.startsWith(`${path}.`));
  }

  /** In the order of the file; findings without a line come first. */
  report(): Report {
    const ordered = this.#issues.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
    return {
      errors: ordered.filter(({ level }) => level === 'error'),
      warnings: ordered.filter(({ level }) => level === 'warning'),
      notes: ordered.filter(({ level }) => level === 'note'),
    };
  }
}
