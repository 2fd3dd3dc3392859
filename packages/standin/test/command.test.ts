import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BIN, NODE, run, runProcess, start, workspace } from './support.ts';

const files = await workspace();
afterAll(() => files.remove());

/** A Node on PATH that is too old for the command itself, to prove that the launcher finds the pinned one. */
function oldNode(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, 'node'));
  return candidates.find((path) => {
    if (!existsSync(path)) return false;
    return Number(execFileSync(path, ['-p', 'process.versions.node.split(".")[0]'], { encoding: 'utf8' })) < 22;
  });
}

describe('the launcher', () => {
  it('answers --version and --help', async () => {
    const [version, help] = await Promise.all([runProcess(['--version']), runProcess(['--help'])]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(help.code).toBe(0);
    expect(help.stdout).toMatch(/agent[\s\S]*serve[\s\S]*plan[\s\S]*Examples:/);
  });

  it('works through a symlink, as npm installs it', async () => {
    const link = files.path('standin');
    await symlink(BIN, link);
    expect(execFileSync(NODE, [link, 'providers', 'show', 'groq'], { encoding: 'utf8' })).toContain('GROQ_API_KEY');
  });

  const old = oldNode();
  it.runIf(old !== undefined)('runs the pinned Node from an old one: output, exit code and signals pass', async () => {
    const options = { node: old };
    const [version, bad, piped] = await Promise.all([
      runProcess(['--version'], options),
      runProcess(['agent', '--nonsense'], options),
      runProcess(['agent'], { ...options, input: '' }),
    ]);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(bad).toMatchObject({ code: 2, stdout: '', stderr: "standin: unknown option '--nonsense'\n" });
    expect(piped.code).toBe(2);
    const server = start(['simulate'], options);
    await server.until('listening on http://');
    server.child.kill('SIGINT');
    expect((await server.done).code).toBe(130);
  });
});

describe('wrong usage', () => {
  it.each([
    [['nonsense'], "standin: unknown command 'nonsense'"],
    [['agnt'], "standin: unknown command 'agnt' (Did you mean agent?)"],
    [['plan', '--jsn'], "standin: unknown option '--jsn' (Did you mean --json?)"],
    [['agent', '-m'], "standin: option '-m, --message <text>' argument missing"],
    [['agent', '-m', ' '], 'standin: -m is empty; give it a text to ask.'],
    [['agent', '-m', 'x', '--temperature', 'hot'], 'It must be a number, 0 or more.'],
    [['agent', '-m', 'x', '--max-tokens', '1.5'], 'It must be a whole number, 1 or more.'],
    [['agent', '-m', 'x', '--output-format', 'json-schema'], 'needs --schema FILE'],
    [['agent'], 'Nothing to ask'],
    [['serve', '--port', '70000'], 'It must be a port, 0 to 65535.'],
    [['batch', 'in.jsonl', '-o', 'out.jsonl'], 'The input in.jsonl does not exist'],
    [['ui'], 'standin ui needs a terminal for its input and output'],
    [['ui', '--url', 'ftp://'], 'It must be an address'],
    [['config', 'set', 'a', 'b'], 'No config path a'],
    [['plan', '--config', '/nonexistent/standin.toml'], 'no such file'],
    [['simulate', '--script', '/nonexistent/script.toml'], 'there is no such file'],
  ])('%j is one clear sentence and exit code 2', async (args, words) => {
    const result = await run(args);
    expect(result.stderr).toContain(words);
    expect(result.stderr.trimEnd()).not.toContain('\n');
    expect(result).toMatchObject({ code: 2, stdout: '' });
  });

  it('prints the help on stderr when no command is named', async () => {
    const [none, config] = await Promise.all([run([]), run(['config'])]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(config).toMatchObject({ code: 2, stdout: '' });
    expect(config.stderr).toContain('validate');
  });

  it('uses no colour where nobody can see it', async () => {
    const { stdout } = await run(['--help']);
    expect(stdout).not.toContain('\u001B');
  });
});
