import { readFile } from 'node:fs/promises';
import { parse as parseToml, TomlError } from 'smol-toml';
import type { Script } from './behaviour.ts';
import { checkScript, ScriptError } from './script.ts';

/** Reads a script from a TOML or JSON file. Throws `ScriptError` naming the file and the place in it. */
export async function loadScript(path: string): Promise<Script> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = Object(error) as { code?: unknown };
    const why =
      code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a folder' : String(code ?? error);
    throw new ScriptError('', `The script cannot be read: ${why}.`, path);
  }
  return parseScript(source, path);
}

/** TOML unless it begins like a JSON object. Throws `ScriptError`. */
export function parseScript(source: string, file?: string): Script {
  return checkScript(/^\s*\{/.test(source) ? json(source, file) : toml(source, file), file);
}

function json(source: string, file: string | undefined): unknown {
  try {
    return JSON.parse(source) as unknown;
  } catch (error) {
    throw new ScriptError('', `This is no JSON: ${error instanceof Error ? error.message : String(error)}.`, file);
  }
}

function toml(source: string, file: string | undefined): unknown {
  try {
    return parseToml(source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const first = error.message.split('\n')[0] ?? error.message;
    throw new ScriptError('', `line ${error.line}, column ${error.column}: ${first}.`, file);
  }
}
