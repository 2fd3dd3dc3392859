import { resolveQuirks } from '../../vendors/quirks.ts';
import { valueAt } from '../path.ts';
import type { V1Context } from './v1.ts';
import { entryPath } from './entry-book.ts';

const ENABLED = ['runtime', 'reasoning_enabled'];
const EFFORT = ['runtime', 'reasoning_effort'];

const READ: ReadonlySet<string> = new Set(['reasoning_enabled', 'reasoning_effort', 'ollama_num_ctx']);

/** `[runtime] reasoning_enabled, reasoning_effort` speak of the default provider. */
export function convertReasoning({ converter, primary }: V1Context): void {
  if (converter.flag(ENABLED) !== undefined) converter.move(ENABLED, entryPath(primary, 'think'));
  const effort = converter.text(EFFORT);
  if (effort !== undefined) {
    const row = primary.match?.row;
    const wire = primary.match?.wire ?? row?.wires[0];
    const model = valueAt(converter.tree, entryPath(primary, 'model'));
    const style =
      row === undefined || wire === undefined
        ? 'none'
        : resolveQuirks(row, wire, primary.match?.region, typeof model === 'string' ? model : '').reasoningStyle;
    if (style === 'reasoning_effort' && wire === 'openai-chat') {
      converter.put(entryPath(primary, 'provider_extra'), { reasoning_effort: effort }, EFFORT);
    } else if (style === 'reasoning-object' || wire === 'openai-responses') {
      converter.put(entryPath(primary, 'provider_extra'), { reasoning: { effort } }, EFFORT);
    } else {
      converter.leave(EFFORT, `has no effect on ${row?.name ?? primary.type}: ask for an effort with each request`);
    }
  }
  const context = ['runtime', 'ollama_num_ctx'];
  const size = valueAt(converter.source, context);
  if (size !== undefined) converter.put(entryPath(primary, 'provider_extra'), { options: { num_ctx: size } }, context);
  for (const key of Object.keys(converter.table(['runtime']) ?? {})) {
    if (!READ.has(key)) converter.keep(['runtime', key]);
  }
}
