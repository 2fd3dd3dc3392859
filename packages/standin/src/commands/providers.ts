import type { Command } from 'commander';
import type { WireId } from '@standin/core/spec/wire-id';
import type { VendorRow } from '@standin/core/vendors/row';
import type { CommandContext } from '../cli/context.ts';
import { UsageError } from '../cli/exit.ts';
import type { Output } from '../cli/output.ts';
import { columnsOf, table } from '../cli/table.ts';

const loadCatalog = () => import('@standin/core/vendors/lookup');

export function register(command: Command, context: CommandContext): void {
  const { output } = context;
  command.addHelpText('after', '\nExamples:\n  $ standin providers list\n  $ standin providers show groq');
  command
    .command('list')
    .description('Every vendor of the catalog.')
    .option('--json', 'print the rows as JSON')
    .action(async (options: { json?: boolean }) => {
      const { allVendors } = await loadCatalog();
      if (options.json === true) output.print(JSON.stringify(allVendors().map(rowJson), null, 2));
      else printList(allVendors(), context);
    });
  command
    .command('show')
    .argument('<slot>', 'slot or alias, such as "anthropic" or "z.ai"')
    .description('One vendor: aliases, endpoints, key variables and a worked TOML example.')
    .option('--json', 'print the row as JSON')
    .addHelpText('after', '\nExamples:\n  $ standin providers show gemini\n  $ standin providers show moonshot-intl')
    .action(async (slot: string, options: { json?: boolean }) => {
      const { resolveSlug, unknownSlugMessage } = await loadCatalog();
      const match = resolveSlug(slot);
      if (match === undefined) throw new UsageError(unknownSlugMessage(slot));
      if (options.json === true) output.print(JSON.stringify(rowJson(match.row), null, 2));
      else {
        const { wireApiOf } = await import('@standin/core/config/entries');
        printRow(match.row, match.region, await knownModels(match.row.id), output, wireApiOf);
      }
    });
}

/** What a script may want of a row. */
function rowJson(row: VendorRow) {
  const { id, name, endpoints, defaultEndpoint, wires, auth, keyVariables, keyRequired, defaultModel, unavailable } =
    row;
  const aliases = Object.keys(row.aliases);
  return {
    id,
    name,
    aliases,
    endpoints,
    defaultEndpoint,
    wires,
    auth,
    keyVariables,
    keyRequired,
    defaultModel,
    unavailable,
  };
}

function isLocal(row: VendorRow): boolean {
  return Object.values(row.endpoints).some((url) => /\/\/(localhost|127\.0\.0\.1)\b/.test(url));
}

function printList(rows: readonly VendorRow[], context: CommandContext): void {
  const { output, env } = context;
  const lines = rows.map((row) => {
    const found = row.keyVariables.find((name) => (env[name] ?? '') !== '');
    const marks = [
      isLocal(row) ? 'local' : '',
      found === undefined ? '' : `${found} is set`,
      row.unavailable ? 'not callable' : '',
    ];
    return [row.id, row.name, row.wires[0] ?? '', row.keyVariables[0] ?? '', marks.filter(Boolean).join(', ')];
  });
  const [head = '', ...rest] = table([['SLOT', 'NAME', 'PROTOCOL', 'KEY VARIABLE', ''], ...lines], {
    ...columnsOf(output),
    words: [1, 4],
  }).split('\n');
  output.print(output.style.bold(head));
  for (const line of rest) output.print(line);
  output.print(output.style.dim(`\n${rows.length} slots; "standin providers show SLOT" tells more of one.`));
}

function regionsOf(row: VendorRow): [string, string][] {
  const main = row.defaultEndpoint ?? Object.keys(row.endpoints)[0];
  return Object.entries(row.endpoints).map(([region, url]) => [region === main ? `${region} (default)` : region, url]);
}

/** How much the generated model data says of this slot. */
async function knownModels(slot: string): Promise<string> {
  const { CATALOG_SOURCE, listedModels } = await import('@standin/core/catalog/generated-models');
  const models = [...listedModels(slot).values()];
  if (models.length === 0) return 'limits by family; prices as the entry\'s "pricing" says';
  const priced = models.filter(({ price }) => price !== undefined).length;
  return `${models.length} with limits, ${priced} with prices (${CATALOG_SOURCE})`;
}

/** The word of `wire_api` for a protocol. */
type WireApiOf = (wire: WireId) => string | undefined;

function printRow(
  row: VendorRow,
  region: string | undefined,
  models: string,
  output: Output,
  wireApiOf: WireApiOf,
): void {
  const { style } = output;
  const aliases = Object.entries(row.aliases).map(([alias, of]) =>
    of === undefined ? alias : `${alias} (endpoint ${of})`,
  );
  const facts: [string, string][] = [
    ['Protocols', protocolsText(row, wireApiOf)],
    ['Aliases', aliases.join(', ') || 'none'],
    ['Sign-in', authText(row)],
    ['Key variables', row.keyVariables.join(', ') || 'none'],
    ['Default model', row.defaultModel ?? 'none: name one'],
    ['Models known', models],
    ...(row.fields === undefined ? [] : ([['Own fields', row.fields.join(', ')]] as [string, string][])),
    ['Facts from', row.source],
  ];
  output.print(`${style.bold(row.name)} ${style.dim(`(slot "${row.id}")`)}`);
  if (row.unavailable !== undefined) output.print(style.yellow(`Not callable: ${row.unavailable}`));
  output.print(table(facts, { indent: '  ' }));
  output.print(`\n${style.bold('Endpoints')}`);
  const regions = regionsOf(row);
  output.print(regions.length === 0 ? '  the entry\'s "uri" says where' : table(regions, { indent: '  ' }));
  output.print(`\n${style.bold('Example')}`);
  output.print(exampleToml(row, region));
}

/** The first is used unless the entry says otherwise; how it says so stands behind each of the others. */
function protocolsText({ wires }: VendorRow, wireApiOf: WireApiOf): string {
  return wires
    .map((wire, at) => {
      const word = wireApiOf(wire);
      return at === 0 || word === undefined ? wire : `${wire} (wire_api = "${word}")`;
    })
    .join(', ');
}

function authText(row: VendorRow): string {
  const how: Record<VendorRow['auth'], string> = {
    bearer: 'API key as Bearer token',
    'x-api-key': 'API key in the x-api-key header',
    'api-key': 'API key in the api-key header',
    'x-goog-api-key': 'API key in the x-goog-api-key header',
    none: 'none',
    'zhipu-jwt': 'API key, signed into a token for each call',
    aws: 'AWS credentials (SigV4)',
    oauth: 'OAuth login',
  };
  return row.keyRequired ? how[row.auth] : `${how[row.auth]}, optional`;
}

/** Entry fields that fill an address, with a value to show. */
const ADDRESS_FIELDS: Readonly<Record<string, string>> = {
  resource: 'my-resource',
  deployment: 'my-deployment',
  api_version: '2024-10-21',
  region: 'us-east-1',
  project: 'my-project',
  account_id: 'my-account',
  gateway_id: 'my-gateway',
};

/** Lines that give the address: the fields its template asks for, or a whole `uri` where no field can fill it. */
function addressLines(row: VendorRow, region: string | undefined): string[] {
  const template = row.endpoints[region ?? row.defaultEndpoint ?? Object.keys(row.endpoints)[0] ?? ''];
  if (template === undefined) return ['uri = "http://127.0.0.1:9000/v1"'];
  const names = [...new Set([...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? ''))];
  if (names.some((name) => ADDRESS_FIELDS[name] === undefined)) {
    return [`uri = "${template.replaceAll(/\{(\w+)\}/g, 'my-$1')}"`];
  }
  return names.flatMap((name) => {
    const isGiven = row.fieldDefaults?.[name] !== undefined;
    return isGiven ? [] : [`${name} = "${ADDRESS_FIELDS[name]}"`];
  });
}

/** A config that loads as it stands; a key the slot needs is read from its variable. */
export function exampleToml(row: VendorRow, region?: string): string {
  const lines = ['schema_version = 3', '', `[providers.models.${row.id}.main]`];
  lines.push(...addressLines(row, region));
  if (region !== undefined) lines.push(`endpoint = "${region}"`);
  lines.push(`model = "${row.defaultModel ?? 'model-id'}"`);
  const variable = row.keyVariables[0];
  if (row.keyRequired && variable !== undefined)
    lines.push(`# The key is read from ${variable}; or write it here:`, `# api_key = "\${${variable}}"`);
  lines.push('', '[agents.default]', `model_provider = "${row.id}.main"`);
  return lines.join('\n');
}
