import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ENDED, type BatchObject, type FileObject } from './types.ts';

/** Whose files they are: the id of a virtual key, or nobody's where no keys are asked for. */
export type Owner = string;

export const NOBODYS: Owner = '_';

const FILE_ID = /^file-[a-z0-9]{20,40}$/;
const BATCH_ID = /^batch_[a-z0-9]{20,40}$/;

/**
 * Files and batches on disk, one folder per owner, so that no id of another key is ever looked up:
 * `OWNER/files/ID` with `ID.json`, `OWNER/batches/ID.json`. `open/` names the batches that have not ended. Every document
 * is replaced whole, so all workers may read at any time; only who holds a batch's lock writes it.
 */
export class BatchStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  static newId(kind: 'file-' | 'batch_', nowMs: number): string {
    // Ids sort by their age.
    return `${kind}${Math.floor(nowMs).toString(36).padStart(9, '0')}${randomBytes(10).toString('hex')}`;
  }

  folder(owner: Owner): string {
    const isPlain = /^[A-Za-z0-9_-]{1,64}$/.test(owner) && owner !== 'open';
    return join(this.#dir, isPlain ? owner : `h-${createHash('sha256').update(owner).digest('hex').slice(0, 40)}`);
  }

  filePath(owner: Owner, id: string): string {
    return join(this.folder(owner), 'files', id);
  }

  batchPath(owner: Owner, id: string): string {
    return join(this.folder(owner), 'batches', id);
  }

  async prepare(owner: Owner): Promise<void> {
    for (const part of ['files', 'batches'])
      await mkdir(join(this.folder(owner), part), { recursive: true, mode: 0o700 });
    await mkdir(join(this.#dir, 'open'), { recursive: true, mode: 0o700 });
  }

  async file(owner: Owner, id: string): Promise<FileObject | undefined> {
    return FILE_ID.test(id) ? readJson<FileObject>(`${this.filePath(owner, id)}.json`) : undefined;
  }

  /** The bytes are in place already. */
  async addFile(owner: Owner, file: FileObject): Promise<void> {
    await writeJson(`${this.filePath(owner, file.id)}.json`, file);
  }

  /** What is known of it goes first: a file without it is no file, and is swept away. */
  async removeFile(owner: Owner, id: string): Promise<void> {
    await rm(`${this.filePath(owner, id)}.json`, { force: true });
    await rm(this.filePath(owner, id), { force: true });
  }

  /** Newest first. */
  async fileIds(owner: Owner): Promise<string[]> {
    return idsIn(join(this.folder(owner), 'files'), FILE_ID);
  }

  async batchIds(owner: Owner): Promise<string[]> {
    return idsIn(join(this.folder(owner), 'batches'), BATCH_ID);
  }

  async *files(owner: Owner): AsyncGenerator<FileObject> {
    for (const id of await this.fileIds(owner)) {
      const file = await this.file(owner, id);
      if (file !== undefined) yield file;
    }
  }

  /** As callers see it: one that is to be cancelled says so. */
  async batch(owner: Owner, id: string): Promise<BatchObject | undefined> {
    if (!BATCH_ID.test(id)) return undefined;
    const batch = await readJson<BatchObject>(`${this.batchPath(owner, id)}.json`);
    if (batch === undefined || ENDED.has(batch.status)) return batch;
    const asked = await stat(`${this.batchPath(owner, id)}.cancel`).catch(() => undefined);
    if (asked === undefined) return batch;
    const at = Math.floor(asked.mtimeMs / 1_000);
    return { ...batch, status: batch.status === 'finalizing' ? batch.status : 'cancelling', cancelling_at: at };
  }

  async addBatch(owner: Owner, batch: BatchObject): Promise<void> {
    // Whoever finds the mark without the batch waits for it.
    await writeFile(this.#mark(owner, batch.id), owner, { mode: 0o600 });
    await this.writeBatch(owner, batch);
  }

  async writeBatch(owner: Owner, batch: BatchObject): Promise<void> {
    await writeJson(`${this.batchPath(owner, batch.id)}.json`, batch);
  }

  async askToCancel(owner: Owner, id: string): Promise<void> {
    await writeFile(`${this.batchPath(owner, id)}.cancel`, '', { flag: 'a', mode: 0o600 });
  }

  async isToCancel(owner: Owner, id: string): Promise<boolean> {
    return access(`${this.batchPath(owner, id)}.cancel`, constants.F_OK).then(
      () => true,
      () => false,
    );
  }

  /** It has ended: nobody looks for it any more. */
  async closeBatch(owner: Owner, id: string): Promise<void> {
    await rm(this.#mark(owner, id), { force: true });
    for (const part of ['results', 'cancel']) await rm(`${this.batchPath(owner, id)}.${part}`, { force: true });
  }

  async removeBatch(owner: Owner, id: string): Promise<void> {
    for (const part of ['json', 'results', 'cancel', 'lock'])
      await rm(`${this.batchPath(owner, id)}.${part}`, { force: true });
  }

  /** Batches that have not ended, oldest first. */
  async open(): Promise<{ readonly owner: Owner; readonly id: string }[]> {
    const found: { owner: Owner; id: string }[] = [];
    for (const name of (await namesIn(join(this.#dir, 'open'))).toSorted()) {
      if (!BATCH_ID.test(name)) continue;
      const owner = await readFile(join(this.#dir, 'open', name), 'utf8').catch(() => '');
      if (owner !== '') found.push({ owner, id: name });
    }
    return found;
  }

  #mark(_owner: Owner, id: string): string {
    return join(this.#dir, 'open', id);
  }

  /** Removes what is too old, and what a kill left half made. */
  async sweep(nowMs: number, keepMs: number): Promise<void> {
    for (const name of await namesIn(this.#dir)) {
      if (name === 'open') continue;
      const files = join(this.#dir, name, 'files');
      for (const entry of await namesIn(files)) {
        if (entry.endsWith('.json')) {
          const file = await readJson<FileObject>(join(files, entry));
          if (file !== undefined && file.expires_at * 1_000 > nowMs) continue;
          await rm(join(files, entry), { force: true });
          await rm(join(files, entry.slice(0, -5)), { force: true });
        } else await removeOrphan(files, entry, nowMs);
      }
      const batches = join(this.#dir, name, 'batches');
      for (const entry of await namesIn(batches)) {
        if (!entry.endsWith('.json')) continue;
        const batch = await readJson<BatchObject>(join(batches, entry));
        if (batch !== undefined && (!ENDED.has(batch.status) || batch.created_at * 1_000 + keepMs > nowMs)) continue;
        for (const part of ['json', 'results', 'cancel', 'lock'])
          await rm(join(batches, `${entry.slice(0, -5)}.${part}`), { force: true });
      }
    }
  }
}

const ORPHAN_MS = 24 * 3_600_000;

async function removeOrphan(folder: string, entry: string, nowMs: number): Promise<void> {
  const path = join(folder, entry);
  const [known, found] = await Promise.all([
    stat(`${path}.json`).catch(() => undefined),
    stat(path).catch(() => undefined),
  ]);
  if (known === undefined && found !== undefined && nowMs - found.mtimeMs > ORPHAN_MS) await rm(path, { force: true });
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function idsIn(folder: string, form: RegExp): Promise<string[]> {
  const ids = (await namesIn(folder)).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -5)] : []));
  return ids.filter((id) => form.test(id)).toSorted((one, two) => (one < two ? 1 : -1));
}

async function readJson<Value>(path: string): Promise<Value | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Value;
  } catch {
    return undefined;
  }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  const own = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(own, JSON.stringify(value), { mode: 0o600 });
  await rename(own, path);
}
