import { profileName, readSharedFiles } from './shared-files.ts';
import { variable, type AwsWorld } from './world.ts';

type Files = Pick<AwsWorld, 'env' | 'readText'>;

/** `AWS_REGION`, `AWS_DEFAULT_REGION`, else the region of the chosen profile. */
export function awsRegion(world: Files): string | undefined {
  return (
    variable(world, 'AWS_REGION') ??
    variable(world, 'AWS_DEFAULT_REGION') ??
    readSharedFiles(world).profiles.get(profileName(world))?.['region']
  );
}

/** Another address for Bedrock's runtime, as all AWS programs take it. */
export function bedrockEndpointUrl(world: Files): string | undefined {
  if (variable(world, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS')?.toLowerCase() === 'true') return undefined;
  return variable(world, 'AWS_ENDPOINT_URL_BEDROCK_RUNTIME') ?? variable(world, 'AWS_ENDPOINT_URL');
}

/** Region in the name of one of AWS's own hosts (`bedrock-runtime.eu-west-1.amazonaws.com`). */
export function regionOfHost(url: string): string | undefined {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return /(?:^|\.)bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.|api\.aws|vpce\.)/.exec(host)?.[1];
}

/** DNS suffix of a region's partition. */
export function awsDomain(region: string): string {
  if (region.startsWith('cn-')) return 'amazonaws.com.cn';
  if (region.startsWith('us-iso-')) return 'c2s.ic.gov';
  if (region.startsWith('us-isob-')) return 'sc2s.sgov.gov';
  return region.startsWith('eusc-') ? 'amazonaws.eu' : 'amazonaws.com';
}
