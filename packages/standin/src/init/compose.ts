import { formatKey, formatValue } from '@standin/core/config/edit/toml-format';
import type { ChainLink } from './discover.ts';

/** A commented config in which the first link falls back to the others in turn. */
export function composeConfig(links: readonly ChainLink[]): string {
  const chain = uniqueAliases(links);
  const [head, ...spares] = chain;
  if (head === undefined) return '';
  const blocks = [
    '# Standin config, written by "standin init".\n# "standin plan" prints the walk it yields, "standin doctor" checks it, "standin config schema" helps an editor.\nschema_version = 3\n',
    ...chain.map((link, index) => entryText(link, index === 0 ? spares : [])),
    `# Who answers when nothing else is asked for.\n[agents.default]\nmodel_provider = ${formatValue(refOf(head))}\n`,
    `# Retries, limits and rescue have defaults that suit most people:\n# [reliability]\n# provider_retries = 2\n# deadline_secs = 600\n# rescue = "verified"\n`,
  ];
  return blocks.join('\n');
}

const refOf = ({ slot, alias }: ChainLink): string => `${slot}.${alias}`;

/** The same vendor twice gets two names. */
function uniqueAliases(links: readonly ChainLink[]): ChainLink[] {
  const seen = new Set<string>();
  return links.map((link) => {
    let alias = link.alias;
    for (let number = 2; seen.has(`${link.slot}.${alias}`); number++) alias = `${link.alias}${number}`;
    seen.add(`${link.slot}.${alias}`);
    return { ...link, alias };
  });
}

function entryText(link: ChainLink, spares: readonly ChainLink[]): string {
  const { slot, alias, name, model, uri, wireApi, variable, storedKey } = link;
  const lines = [`# ${name}`, `[providers.models.${formatKey(slot)}.${formatKey(alias)}]`];
  if (uri !== undefined) lines.push(`uri = ${formatValue(uri)}`);
  if (wireApi !== undefined) lines.push(`wire_api = ${formatValue(wireApi)}`);
  if (model !== undefined) lines.push(`model = ${formatValue(model)}`);
  if (storedKey !== undefined) lines.push(`api_key = ${formatValue(storedKey)}`);
  else if (variable !== undefined)
    lines.push(`api_key = "\${${variable}}"  # or: standin config set providers.models.${slot}.${alias}.api_key`);
  if (spares.length > 0) {
    lines.push('# Tried in this order when this one fails; each uses its own key and model.');
    lines.push(`fallback = ${formatValue(spares.map(refOf))}`);
  }
  return `${lines.join('\n')}\n`;
}
