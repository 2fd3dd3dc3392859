import { createCipheriv } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { argon2id } from '@noble/hashes/argon2.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';
import { formatIssue } from '@standin/core/config/issue';
import {
  createSecretOpener,
  seal,
  sealingKey,
  rotateKey,
  createKeyFile,
  readKeyFile,
} from '@standin/core/config/secrets/index';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'standin-secrets-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const KEY = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
const env = (more: Readonly<Record<string, string>> = {}) => ({
  STANDIN_HOME: join(dir, 'home'),
  STANDIN_KEYRING: 'off',
  ...more,
});

function writeKey(folder: string, mode = 0o600): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, '.secret_key');
  writeFileSync(path, KEY.toString('hex'));
  chmodSync(path, mode);
  return path;
}

/** The key of the entry, or the findings. */
function keyOf(value: string, more: Readonly<Record<string, string>> = {}): string {
  const text = `[providers.models.openai.main]\napi_key = ${JSON.stringify(value)}\n`;
  const config = loadConfigText(text, join(dir, 'config.toml'), { env: env(more) });
  const [secret] = config.entries.get('openai.main')?.keys ?? [];
  const findings = [...config.report.errors, ...config.report.warnings].map(formatIssue).join('\n');
  return secret?.secret?.reveal() ?? findings;
}

/** Written independently of the code under test, as ZeroClaw's documents describe it. */
function zeroclaw(plain: string): string {
  const nonce = Buffer.alloc(12, 7);
  const cipher = createCipheriv('chacha20-poly1305', KEY, nonce, { authTagLength: 16 });
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return `enc2:${Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('hex')}`;
}

function zeptoclaw(plain: string, key: (salt: Uint8Array) => Uint8Array): string {
  const [salt, nonce] = [Buffer.alloc(16, 3), Buffer.alloc(24, 5)];
  const body = xchacha20poly1305(key(salt), nonce).encrypt(Buffer.from(plain));
  return `ENC[1:${salt.toString('base64')}:${nonce.toString('base64')}:${Buffer.from(body).toString('base64')}]`;
}

describe('encrypted values in a config', () => {
  it('of ZeroClaw are opened with the key beside the file, else in the home', () => {
    const path = writeKey(dir);
    expect(keyOf(zeroclaw('sk-one'))).toBe('sk-one');
    rmSync(path);
    writeKey(join(dir, 'home'));
    expect(keyOf(zeroclaw('sk-two'))).toBe('sk-two');
  });

  it('of the first ZeroClaw form are opened, and nonsense is not taken for a key', () => {
    writeKey(dir);
    const xor = (text: string) =>
      Buffer.from(Buffer.from(text).map((byte, index) => byte ^ (KEY[index % 32] ?? 0))).toString('hex');
    const long = 'sk-legacy-key-that-is-longer-than-thirty-two-bytes';
    expect(keyOf(`enc:${xor(long)}`)).toBe(long);
    expect(keyOf('enc:00ff00ff')).toContain('cannot be decrypted');
  });

  it('of ZeptoClaw are opened with a raw key or a passphrase', () => {
    const raw = KEY.toString('hex');
    expect(
      keyOf(
        zeptoclaw('sk-raw', () => KEY),
        { ZEPTOCLAW_MASTER_KEY: raw },
      ),
    ).toBe('sk-raw');
    // The document's parameters: 64 MiB, 3 passes, 1 lane.
    const derived = (salt: Uint8Array) => argon2id('open sesame', salt, { m: 65_536, t: 3, p: 1, dkLen: 32 });
    expect(keyOf(zeptoclaw('sk-pass', derived), { ZEPTOCLAW_MASTER_KEY: 'open sesame' })).toBe('sk-pass');
  }, 30_000);

  it.each([
    ['without a key', zeroclaw('sk-x'), {}, /there is no key at .*\.secret_key/],
    ['of ZeptoClaw without its variable', 'ENC[1:AA==:AA==:AA==]', {}, /ZEPTOCLAW_MASTER_KEY is not set/],
    [
      'of ZeptoClaw with another key',
      zeptoclaw('sk-x', () => KEY),
      { ZEPTOCLAW_MASTER_KEY: 'ff'.repeat(32) },
      /cannot be decrypted/,
    ],
  ])('%s are a config error, never a key', (_name, value, more, words) => {
    const text = `[providers.models.openai.main]\napi_key = "${value}"\n`;
    const config = loadConfigText(text, join(dir, 'config.toml'), { env: env(more) });
    expect(config.entries.get('openai.main')?.keys).toEqual([]);
    expect(config.report.errors.map(formatIssue).join('\n')).toMatch(words);
    expect(config.report.errors[0]).toMatchObject({ line: 2, path: 'providers.models.openai.main.api_key' });
  });

  it('that were changed by one digit are refused', () => {
    writeKey(dir);
    const value = zeroclaw('sk-x');
    for (let at = 5; at < value.length; at += 7) {
      const changed = value.slice(0, at) + (value[at] === '0' ? '1' : '0') + value.slice(at + 1);
      expect(keyOf(changed)).toContain('cannot be decrypted');
    }
  });

  it('are opened in the variable of a vendor too', () => {
    writeKey(dir);
    const config = loadConfigText('[providers.models.openai.main]\n', join(dir, 'config.toml'), {
      env: env({ OPENAI_API_KEY: zeroclaw('sk-from-env') }),
    });
    expect(config.entries.get('openai.main')?.keys[0]?.secret?.reveal()).toBe('sk-from-env');
  });
});

describe('the key file', () => {
  it('is refused when others can use it, with the command that mends it', () => {
    const path = writeKey(dir, 0o640);
    expect(keyOf(zeroclaw('sk-x'))).toContain(`chmod 600 ${path}`);
    chmodSync(path, 0o600);
    expect(keyOf(zeroclaw('sk-x'))).toBe('sk-x');
  });

  it('is refused through a symbolic link', () => {
    const real = writeKey(join(dir, 'elsewhere'));
    symlinkSync(real, join(dir, '.secret_key'));
    expect(keyOf(zeroclaw('sk-x'))).toMatch(/is a symbolic link.*cp --remove-destination/);
    expect(() => sealingKey({ env: env(), configFile: join(dir, 'config.toml') })).toThrow(/symbolic link/);
  });

  it('is made whole and private, and never replaces one that is there', () => {
    const path = join(dir, 'new', '.secret_key');
    const made = createKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(createKeyFile(path)).toBeUndefined();
    expect(readKeyFile(path)).toEqual({ key: made });
  });

  it('seals what it opens', () => {
    const file = join(dir, 'config.toml');
    const first = sealingKey({ env: env(), configFile: file });
    expect(first).toMatchObject({ created: true, where: join(dir, 'home', '.secret_key') });
    expect(sealingKey({ env: env(), configFile: file })).toMatchObject({ created: false, key: first.key });
    const sealed = seal('sk-ünïcode ✓', first.key);
    expect(sealed).not.toContain('sk-');
    expect(createSecretOpener({ env: env(), configFile: file }).open(sealed)).toEqual({ value: 'sk-ünïcode ✓' });
  });
});

describe('rotation', () => {
  it('encrypts everything anew and keeps layout, comments and the old key', () => {
    const file = join(dir, 'config.toml');
    writeKey(join(dir, 'home'));
    const text = `# mine\n[providers.models.openai.main]\napi_key = "${zeroclaw('sk-one')}"  # first\napi_keys = ["${zeroclaw('sk-two')}", "\${X}"]\n`;
    writeFileSync(file, text, { mode: 0o600 });
    const { files, previous } = rotateKey({ env: env(), configFile: file });
    expect(files).toEqual([{ path: file, count: 2 }]);
    const after = readFileSync(file, 'utf8');
    const blank = (content: string) => content.replaceAll(/enc2:[0-9a-f]+/g, 'SEALED');
    expect(blank(after)).toBe(blank(text));
    expect(after).not.toBe(text);
    expect(readFileSync(join(dir, 'home', '.secret_key'), 'utf8').trim()).not.toBe(KEY.toString('hex'));
    const config = loadConfigText(after, file, { env: env({ X: 'sk-three' }) });
    expect(config.entries.get('openai.main')?.keys.map((key) => key.secret?.reveal())).toEqual([
      'sk-one',
      'sk-two',
      'sk-three',
    ]);
    expect(previous).toBe(join(dir, 'home', '.secret_key.previous'));
  });

  it('changes nothing when one secret cannot be opened, and names its line', () => {
    const file = join(dir, 'config.toml');
    const path = writeKey(join(dir, 'home'));
    writeFileSync(file, `a = "${zeroclaw('sk')}"\nb = "enc2:${'00'.repeat(40)}"\n`);
    const before = readFileSync(file, 'utf8');
    expect(() => rotateKey({ env: env(), configFile: file })).toThrow(/:2: error/);
    expect(readFileSync(file, 'utf8')).toBe(before);
    expect(readFileSync(path, 'utf8')).toBe(KEY.toString('hex'));
  });
});

describe('1Password references', () => {
  function fakeOp(script: string): Readonly<Record<string, string>> {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'op'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
  }

  it('are read with "op", trimmed', () => {
    const more = fakeOp('[ "$1 $2 $3" = "read --no-newline op://vault/item/field" ] && echo sk-op || exit 3');
    expect(keyOf('op://vault/item/field', more)).toBe('sk-op');
  });

  it('that cannot be read are a config error without what "op" printed', () => {
    const more = fakeOp('echo planted-output; echo planted-error >&2; exit 6');
    const finding = keyOf('op://vault/item/field', more);
    expect(finding).toContain('could not read (exit 6)');
    expect(finding).not.toContain('planted');
    expect(keyOf('op://vault/item/field', { PATH: join(dir, 'empty') })).toContain('not installed');
  });

  it('can be fetched ahead, without holding up the process', async () => {
    const opener = createSecretOpener({ env: env(fakeOp('echo sk-ahead')) });
    await opener.prefetch(['op://a/b/c', 'plain']);
    rmSync(join(dir, 'bin'), { recursive: true });
    expect(opener.open('op://a/b/c')).toEqual({ value: 'sk-ahead' });
  });
});

describe.runIf(process.platform === 'linux')('the keyring', () => {
  it('keeps the key when there is one, and no file is made', () => {
    const bin = join(dir, 'bin');
    mkdirSync(bin);
    const store = join(dir, 'store');
    const script = `#!/bin/sh\ncase "$1" in\n store) cat > "${store}";;\n lookup) cat "${store}" 2>/dev/null || exit 1;;\nesac\n`;
    writeFileSync(join(bin, 'secret-tool'), script, { mode: 0o755 });
    const withRing = {
      STANDIN_HOME: join(dir, 'home'),
      DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x',
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    };
    const made = sealingKey({ env: withRing });
    expect(made).toMatchObject({ created: true, where: 'the Secret Service keyring' });
    expect(statSync(join(dir, 'home'), { throwIfNoEntry: false })).toBeUndefined();
    expect(createSecretOpener({ env: withRing }).open(seal('sk-ring', made.key))).toEqual({ value: 'sk-ring' });
    expect(sealingKey({ env: { ...withRing, STANDIN_KEYRING: 'off' } })).toMatchObject({
      where: join(dir, 'home', '.secret_key'),
    });
  });
});
