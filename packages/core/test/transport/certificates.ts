import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificates {
  readonly folder: string;
  readonly caPath: string;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly good: { readonly key: string; readonly cert: string };
  /** Signed by the same authority for another name. */
  readonly otherName: { readonly key: string; readonly cert: string };
  remove(): void;
}

/** A throwaway authority and two certificates made with openssl, or `undefined` where there is none. */
export function makeCertificates(): TestCertificates | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'standin-tls-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const path = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const issue = (name: string, alternatives: string): { key: string; cert: string } => {
    writeFileSync(path(`${name}.ext`), `subjectAltName=${alternatives}\n`);
    openssl('req', ...newKey, '-keyout', path(`${name}.key`), '-out', path(`${name}.csr`), '-subj', `/CN=${name}`);
    const authority = ['-CA', path('ca.pem'), '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '2'];
    openssl(
      'x509',
      '-req',
      '-in',
      path(`${name}.csr`),
      ...authority,
      '-extfile',
      path(`${name}.ext`),
      '-out',
      path(`${name}.pem`),
    );
    return { key: readFileSync(path(`${name}.key`), 'utf8'), cert: readFileSync(path(`${name}.pem`), 'utf8') };
  };
  try {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      path('ca.key'),
      '-out',
      path('ca.pem'),
      '-days',
      '2',
      '-subj',
      '/CN=Standin test CA',
    );
    const good = issue('good', 'DNS:localhost,IP:127.0.0.1,IP:::1');
    const otherName = issue('other', 'DNS:elsewhere.example');
    return { folder, caPath: path('ca.pem'), good, otherName, remove };
  } catch (error) {
    remove();
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
