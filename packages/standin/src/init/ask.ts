import { allVendors, resolveSlug } from '@standin/core/vendors/lookup';
import type { CommandContext } from '../cli/context.ts';
import type { Prompt } from '../cli/prompt.ts';
import { sealAll } from '../commands/config-edit.ts';
import type { ChainLink, Discovery } from './discover.ts';

/** Lets the user take what was found, put another first, and add vendors with a key that is typed unseen. */
export async function askChain(
  found: Discovery,
  prompt: Prompt,
  context: CommandContext,
): Promise<readonly ChainLink[]> {
  let chain: ChainLink[] = [];
  for (const link of found.chain) {
    const where = link.variable ?? link.uri ?? '';
    if (await prompt.confirm(`Use ${link.name} (${where})?`, true)) chain.push(link);
  }
  while (await prompt.confirm(chain.length === 0 ? 'Add a vendor?' : 'Add another vendor?', chain.length === 0)) {
    const link = await askVendor(prompt, context);
    if (link !== undefined) chain.push(link);
  }
  if (chain.length > 1) {
    const first = await prompt.choose(
      'Which one answers first?',
      chain.map(({ name }) => name),
    );
    const top = chain.findIndex(({ name }) => name === first);
    chain = [...chain.slice(top, top + 1), ...chain.slice(0, top), ...chain.slice(top + 1)];
  }
  const [head, ...rest] = chain;
  if (head === undefined) return [];
  const model = await prompt.ask(`Model of ${head.name}`, head.model ?? '');
  return [{ ...head, ...(model === '' ? {} : { model }) }, ...rest];
}

async function askVendor(prompt: Prompt, context: CommandContext): Promise<ChainLink | undefined> {
  const { output } = context;
  const usual = ['anthropic', 'openai', 'gemini', 'openrouter', 'groq', 'custom'];
  output.note(
    `Vendors: ${usual.join(', ')} and ${allVendors().length - usual.length} more ("standin providers list").`,
  );
  const word = await prompt.ask('Vendor', 'anthropic');
  const row = resolveSlug(word)?.row;
  if (row === undefined) {
    output.note(`There is no vendor "${word}".`);
    return undefined;
  }
  const needsUri = Object.keys(row.endpoints).length === 0;
  const uri = needsUri ? await prompt.ask('Address, such as http://127.0.0.1:9000/v1') : '';
  const key = await prompt.askSecret(`Key of ${row.name}${row.keyRequired ? '' : ', empty for none'}`);
  const [storedKey] = key === '' ? [] : await sealAll([key], context);
  const model = row.defaultModel ?? (await prompt.ask('Model'));
  return {
    slot: row.id,
    alias: 'main',
    name: row.name,
    ...(model === '' ? {} : { model }),
    ...(uri === '' ? {} : { uri }),
    ...(storedKey === undefined ? {} : { storedKey }),
  };
}
