import { z } from 'zod';

import { Secret } from '../../spec/secret.ts';

/** Text in the file, an opaque `Secret` from then on. */
export const secretText = z.string().transform((text) => new Secret(text));
