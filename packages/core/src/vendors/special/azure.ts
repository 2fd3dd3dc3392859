import type { WireId } from '../../spec/wire-id.ts';
import type { VendorRow } from '../row.ts';

type Expand = (template: string, row: VendorRow, fields: Readonly<Record<string, string | undefined>>) => string;

/**
 * Azure puts the model into the path and the version into the query, and people give `uri` as the resource alone.
 * A bare host becomes the deployment's path when `deployment` is set, else the `/openai/v1` surface, which takes the
 * deployment as model. `api-version` is added only below `/deployments/`, where it is required.
 * Azure OpenAI REST reference, read 2026-11.
 */
export function azureBase(
  base: string,
  row: VendorRow,
  wire: WireId,
  fields: Readonly<Record<string, string | undefined>>,
  expand: Expand,
): string {
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, '');
  const hostOnly = path === '' || path === '/v1' || path === '/openai';
  if (hostOnly) {
    const deployment = wire === 'openai-chat' ? fields['deployment']?.trim() : undefined;
    url.pathname = deployment ? `/openai/deployments/${encodeURIComponent(deployment)}` : '/openai/v1';
  } else {
    url.pathname = path;
  }
  if (url.pathname.includes('/deployments/') && !url.searchParams.has('api-version')) {
    url.searchParams.set('api-version', decodeURIComponent(expand('{api_version}', row, fields)));
  }
  return url.href;
}
