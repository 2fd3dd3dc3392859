import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimulator } from '@standin/simulator';
import type { RequestRecord } from '@standin/core/route/record';
import { systemClock } from '@standin/core/spec/index';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRecordFile, readRecords } from '../src/records/record-file.ts';
import { configToml, run, start, workspace, type Running } from './support.ts';

const KEY = 'planted-key-explain-0123456789';

describe('standin explain', () => {
  let place: Awaited<ReturnType<typeof workspace>>;
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let server: Running;
  let url = '';
  const env = () => ({ STANDIN_HOME: place.path('home') });

  beforeAll(async () => {
    simulator = await startSimulator({ script: { rules: [{ match: { model: 'down' }, behaviour: 'unavailable' }] } });
    const uri = `${simulator.url}/v1`;
    const entries = {
      'custom.main': { uri, model: 'down', api_key: KEY, fallback: ['custom.spare'] },
      'custom.spare': { uri, model: 'well', api_key: `${KEY}-2` },
    };
    place = await workspace({ 'standin.toml': configToml(entries, '[gateway]\nport = 0') });
    server = start(['serve'], { cwd: place.dir, env: env() });
    const said = await server.until(/listening on (http:\S+)/);
    url = /listening on (http:\S+)/.exec(said)?.[1] ?? '';
  });

  afterAll(async () => {
    server.child.kill('SIGKILL');
    await simulator.close();
    await place.remove();
  });

  const ask = async (model: string, id: string) => {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': id },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'a secret prompt' }] }),
    });
    return response.text();
  };

  it('asks the running gateway and tells the attempts, the rules and that they replay', async () => {
    await ask('custom.main', 'first-1');
    const { stdout, code } = await run(['explain', 'first-1', '--url', url], { cwd: place.dir, env: env() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/first-1 .*answered/);
    expect(stdout).toMatch(/custom\.main down .*overloaded 503/);
    expect(stdout).toMatch(/custom\.spare well .*ok 200/);
    expect(stdout).toContain('rule: overloaded: next target');
    expect(stdout).toMatch(/Replayed: (\d+) of \1 decisions come out the same/);
    expect(stdout).not.toMatch(/planted|secret prompt/);
  });

  it('tells of a request in which nothing was decided', async () => {
    await ask('custom.spare', 'easy-1');
    const { stdout } = await run(['explain', 'easy-1', '--url', url], { cwd: place.dir, env: env() });
    expect(stdout).toContain('1. first: nothing stood in its way');
  });

  it('prints the record as JSON and ends with 1 for an id that nobody knows', async () => {
    const json = await run(['explain', 'first-1', '--json', '--url', url], { cwd: place.dir, env: env() });
    expect(JSON.parse(json.stdout)).toMatchObject({ id: 'first-1', outcome: 'ok', replay: { same: true } });
    const unknown = await run(['explain', 'nobody', '--url', url], { cwd: place.dir, env: env() });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('no record of nobody');
  });

  it('finds on disk what the gateway left behind', async () => {
    await ask('custom.main', 'left-1');
    server.child.kill('SIGTERM');
    await server.done;
    const { stdout, code } = await run(['explain', 'left-1', '--url', url], { cwd: place.dir, env: env() });
    expect(code).toBe(0);
    expect(stdout).toContain('custom.spare well');
    const text = await readFile(join(place.path('home'), 'records.jsonl'), 'utf8');
    expect(text).not.toMatch(/planted|secret prompt|easy-1/);
  });
});

describe('the record file', () => {
  const record = (id: string) => ({ version: 1, id, decisions: [], attempts: [] }) as unknown as RequestRecord;

  it('is the owner’s alone, bounded, newest first, and survives a cut line', async () => {
    const home = await mkdtemp(join(tmpdir(), 'standin-records-'));
    const file = createRecordFile({ home, clock: systemClock, recordOf: record, mostBytes: 200 });
    for (let index = 0; index < 20; index++) {
      file.note(`r${index}`, false);
      file.note(`easy${index}`, true);
      await file.flush();
    }
    const path = join(home, 'records.jsonl');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(path)).size + (await stat(`${path}.1`)).size).toBeLessThan(700);
    await writeFile(path, '{"version":1,"id":"cut', { flag: 'a' });
    const listed = (await readRecords(home).list()).map(({ id }) => id);
    expect(listed[0]).toBe('r19');
    expect(listed.some((id) => id.startsWith('easy'))).toBe(false);
    expect(await readRecords(home).get('r19')).toMatchObject({ id: 'r19' });
    await rm(home, { recursive: true });
  });

  it('tells once that the disk refuses, and goes on', async () => {
    const home = await mkdtemp(join(tmpdir(), 'standin-records-'));
    await writeFile(join(home, 'taken'), '');
    const errors: unknown[] = [];
    const onError = (error: unknown): void => void errors.push(error);
    const file = createRecordFile({ home: join(home, 'taken'), clock: systemClock, recordOf: record, onError });
    for (const id of ['one', 'two']) {
      file.note(id, false);
      await file.flush();
    }
    expect(errors.length).toBe(1);
    await rm(home, { recursive: true });
  });
});
