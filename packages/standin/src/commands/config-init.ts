import type { FieldNode } from '@standin/core/config/schema/walk';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import { applyChange } from './config-edit.ts';
import { unknownPath } from './config-paths.ts';

/** Sections that a first `config init` writes when they are missing. */
const USUAL = ['reliability', 'gateway'];

/** Writes each missing section with all its fields as comments: a place to begin, and nothing changes by it. */
export async function initSection(section: string | undefined, context: CommandContext): Promise<void> {
  const [{ formatPath, parsePath }, { nodeAt }, { insertTable }, { openDoc }, { isWritten }] = await Promise.all([
    import('@standin/core/config/path'),
    import('@standin/core/config/schema/walk'),
    import('@standin/core/config/edit/toml-insert'),
    import('@standin/core/config/edit/toml-find'),
    import('@standin/core/config/edit/toml-remove'),
  ]);
  for (const name of section === undefined ? USUAL : [section]) {
    const path = parsePath(name);
    const node = path.length === 0 ? undefined : nodeAt(path);
    if (node === undefined) throw new UsageError(await unknownPath(name, path));
    if (node.shape.type !== 'object' || name === 'providers') {
      throw new UsageError(
        `${name} is no section with fields of its own; try providers.models.<type>.<alias> or agents.<alias>.`,
      );
    }
    const body = commentedFields(node);
    const outcome = await applyChange(
      (text) => (isWritten(openDoc(text), path) ? text : insertTable(text, path, body)),
      undefined,
      context,
    );
    const shown = formatPath(path);
    context.output.note(
      outcome.changed ? `[${shown}] is written to ${outcome.file}.` : `[${shown}] stands in ${outcome.file} already.`,
    );
  }
}

function commentedFields(node: FieldNode): string {
  if (node.shape.type !== 'object') return '';
  return Object.entries(node.shape.fields)
    .filter(([, field]) => field.meta.effect !== 'none')
    .map(([name, field]) => `# ${name} = ${exampleOf(field)}  # ${field.meta.description ?? ''}\n`)
    .join('');
}

/** The default where it is a value, else a stand-in of the right type. */
function exampleOf({ shape, meta }: FieldNode): string {
  if (meta.example !== undefined) return meta.example;
  const preset = meta.defaultText;
  switch (shape.type) {
    case 'boolean':
      return preset === 'true' || preset === 'false' ? preset : 'true';
    case 'integer':
    case 'number':
      return preset !== undefined && /^\d/.test(preset) ? preset : '1';
    case 'array':
      return '[]';
    case 'object':
    case 'record':
    case 'table':
    case 'json':
      return '{}';
    case 'enum':
      return JSON.stringify(shape.values.includes(preset ?? '') ? preset : shape.values[0]);
    case 'string':
      return meta.secret === true
        ? '"${NAME}"'
        : JSON.stringify(preset !== undefined && !preset.includes(' ') ? preset : '');
  }
}
