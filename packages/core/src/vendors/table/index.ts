import type { VendorRow } from '../row.ts';
import { CLOUD } from './cloud.ts';
import { GATEWAYS } from './gateways.ts';
import { HOSTED_OPEN_MODELS } from './hosted-open-models.ts';
import { LOCAL } from './local.ts';
import { MAJOR } from './major.ts';
import { MODEL_MAKERS } from './model-makers.ts';
import { OTHER } from './other.ts';
import { REGIONAL_CHINA } from './regional-china.ts';

/** Every slot of the catalog, in the order `providers list` shows them. */
export const VENDORS: readonly VendorRow[] = [
  ...MAJOR,
  ...CLOUD,
  ...GATEWAYS,
  ...MODEL_MAKERS,
  ...REGIONAL_CHINA,
  ...HOSTED_OPEN_MODELS,
  ...LOCAL,
  ...OTHER,
];
