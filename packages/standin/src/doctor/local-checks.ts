import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readConfigFile, standinHome } from '@standin/core/config/files';
import type { Issue } from '@standin/core/config/issue';
import type { Config, ConfigEntry } from '@standin/core/config/model';
import { KEY_FILE, quoted, readKeyFile } from '@standin/core/config/secrets/key-file';
import { keyFilePaths } from '@standin/core/config/secrets/opener';
import { plainSecrets } from '@standin/core/config/secrets/plain-secrets';
import { allVendors } from '@standin/core/vendors/lookup';
import type { VendorRow } from '@standin/core/vendors/row';
import type { Finding } from './finding.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the config itself says is wrong. */
export function checkConfig(config: Config): Finding[] {
  const subject = config.file ?? 'environment';
  const findings = [...config.report.errors, ...config.report.warnings].map((issue) => findingOf(issue, subject));
  if (config.entries.size === 0) {
    findings.push({
      level: 'error',
      category: 'config',
      subject,
      message: 'no provider entry is configured',
      mend: 'standin init',
    });
  }
  if (findings.length > 0) return findings;
  return [{ level: 'ok', category: 'config', subject, message: `${config.entries.size} provider entries, no finding` }];
}

function findingOf(issue: Issue, subject: string): Finding {
  const { level, path, message, line, suggestion } = issue;
  const place = issue.file === undefined ? '' : ` (${issue.file}${line === undefined ? '' : `:${line}`})`;
  const next = suggestion === undefined ? '' : `; ${suggestion}`;
  const mend = mendOf(issue);
  return {
    level: level === 'note' ? 'ok' : level,
    category: 'config',
    subject: path === undefined || path === '' ? subject : path,
    message: `${message}${place}${next}`,
    ...(mend === undefined ? {} : { mend }),
  };
}

function mendOf({ path = '', message, suggestion }: Issue): string | undefined {
  if (path === '') return undefined;
  const [, near] = /^did you mean "([^"]+)"\?$/.exec(suggestion ?? '') ?? [];
  if (/unknown key/.test(message)) return `standin config unset ${quoted(path)}`;
  const [, spare] = /^the fallback "([^"]+)" cannot be used/.exec(message) ?? [];
  if (/no credential/.test(message) && spare !== undefined) {
    return `standin config set ${quoted(`providers.models.${spare}.api_key`)}`;
  }
  if (/no credential/.test(message)) return `standin config set ${quoted(`${path.replace(/\.api_key$/, '')}.api_key`)}`;
  if (/left out/.test(message) && /\.fallback\.\d+$/.test(path)) {
    return near === undefined
      ? `standin config unset ${quoted(path)}`
      : `standin config set ${quoted(path)} ${quoted(near)}`;
  }
  return near === undefined ? undefined : `standin config set ${quoted(path)} ${quoted(near)}`;
}

/** Who may read what holds secrets, and whether the home can be written. */
export function checkFiles(config: Config, env: Environment): Finding[] {
  const findings: Finding[] = [];
  const home = standinHome(env);
  for (const path of keyFilePaths({ env, ...(config.file === undefined ? {} : { configFile: config.file }) })) {
    const file = readKeyFile(path);
    if (file === undefined) continue;
    if ('key' in file)
      findings.push({ level: 'ok', category: 'files', subject: path, message: 'only you can read it' });
    else findings.push({ level: 'error', category: 'files', subject: path, message: file.problem, mend: file.next });
  }
  for (const path of [config.file, join(home, 'auth-profiles.json')])
    if (path !== undefined) findings.push(...openToOthers(path, config));
  return [...findings, homeFinding(home)];
}

function openToOthers(path: string, config: Config): Finding[] {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return [];
  const plain = path === config.file && config.dialect === 'native' ? plainSecrets(readConfigFile(path)).length : 0;
  const findings: Finding[] = [];
  const isOpen = process.platform !== 'win32' && (stats.mode & 0o077) !== 0;
  if (isOpen && (plain > 0 || path !== config.file)) {
    const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
    findings.push({
      level: 'error',
      category: 'files',
      subject: path,
      message: `it holds secrets, and others may use it (mode ${mode})`,
      mend: `chmod 600 ${quoted(path)}`,
    });
  }
  if (plain > 0) {
    findings.push({
      level: 'warning',
      category: 'files',
      subject: path,
      message: `${plain} ${plain === 1 ? 'secret stands' : 'secrets stand'} in it as plain text`,
      mend: `standin config secrets encrypt --config ${quoted(path)}`,
    });
  }
  return findings;
}

/** The home, or the nearest folder above it that exists. */
function homeFinding(home: string): Finding {
  let folder = home;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return {
      level: 'ok',
      category: 'files',
      subject: home,
      message: folder === home ? 'can be written' : 'can be made',
    };
  } catch {
    const mend = folder === home ? `chmod u+rwx ${quoted(home)}` : 'export STANDIN_HOME="$HOME/.standin"';
    return {
      level: 'warning',
      category: 'files',
      subject: home,
      message: `cannot be written (no ${KEY_FILE}, ledger or logins can be kept)`,
      mend,
    };
  }
}

/** A key of one vendor at the address of another, before it is sent there. */
export function checkKeys(config: Config): Finding[] {
  return [...config.entries.values()].flatMap((entry) => [...keyFindings(entry), ...uriFindings(entry)]);
}

function keyFindings(entry: ConfigEntry): Finding[] {
  const { row, ref } = entry;
  if (row === undefined || entry.uri !== undefined) return [];
  return entry.keys.flatMap((key): Finding[] => {
    const text = key.secret?.reveal();
    if (text === undefined || text === row.placeholderKey) return [];
    const own = longest(row, text);
    const other = allVendors()
      .filter((candidate) => candidate.id !== row.id && longest(candidate, text) > own)
      .toSorted((a, b) => longest(b, text) - longest(a, text))[0];
    const subject = `${ref} (key:${key.fingerprint})`;
    const mend = `standin config set providers.models.${ref}.api_key`;
    if (other !== undefined && (row.keyPrefixes ?? []).length > 0) {
      return [
        {
          level: 'error',
          category: 'keys',
          subject,
          message: `this looks like a key of ${other.name}, but it would be sent to ${row.name}`,
          mend,
        },
      ];
    }
    if (own === 0 && (row.keyPrefixes ?? []).length > 0) {
      const usual = (row.keyPrefixes ?? []).map((prefix) => `"${prefix}"`).join(' or ');
      return [
        {
          level: 'warning',
          category: 'keys',
          subject,
          message: `keys of ${row.name} usually begin with ${usual}`,
          mend,
        },
      ];
    }
    return [{ level: 'ok', category: 'keys', subject, message: `fits ${row.name}` }];
  });
}

function longest(row: VendorRow, text: string): number {
  return Math.max(
    0,
    ...(row.keyPrefixes ?? []).filter((prefix) => text.startsWith(prefix)).map(({ length }) => length),
  );
}

const LOCAL = /^(localhost|127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[?::1|.*\.local$|[^.]+$)/i;

function uriFindings({ uri, ref, keys }: ConfigEntry): Finding[] {
  if (uri === undefined) return [];
  const path = `providers.models.${ref}.uri`;
  if (!/^https?:\/\//i.test(uri.trim())) {
    const host = uri.trim().replace(/^\/+/, '');
    const scheme = LOCAL.test(host) ? 'http' : 'https';
    const mend =
      /^[\w.:/[\]-]+$/.test(host) && !host.includes('://')
        ? `standin config set ${path} ${scheme}://${host}`
        : `standin config set ${path}`;
    return [
      {
        level: 'error',
        category: 'keys',
        subject: path,
        message: 'the address has no http:// or https:// in front',
        mend,
      },
    ];
  }
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url?.protocol === 'http:' && !LOCAL.test(url.hostname) && keys.some((key) => key.secret !== undefined)) {
    return [
      {
        level: 'warning',
        category: 'keys',
        subject: path,
        message: 'the key travels unencrypted over http://',
        mend: `standin config set ${path} https://${url.host}${url.pathname}`,
      },
    ];
  }
  return [];
}
