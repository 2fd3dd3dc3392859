import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { ADMIN_ROUTES } from '../../src/admin/endpoints.ts';
import { startAdmin } from '../helpers/admin-bench.ts';
import { createFakeStandin } from '../helpers/fake-standin.ts';

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
}

test('the description is valid OpenAPI 3.1 and names every route once', async () => {
  const { url } = await startAdmin({ standin: createFakeStandin() });
  const document = (await (await fetch(`${url}/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const validator = new Validator();
  const result = await validator.validate(structuredClone(document));
  expect(result.errors).toBeUndefined();
  expect(result.valid).toBe(true);
  expect(validator.version).toBe('3.1');
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId }]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operationId,
    })),
  );
  expect(described.map(({ route }) => route).toSorted()).toEqual(
    ADMIN_ROUTES.map(({ method, pattern }) => `${method} ${pattern}`).toSorted(),
  );
  expect(new Set(described.map(({ operationId }) => operationId)).size).toBe(described.length);
  // What needs nothing says so: everything else must ask.
  const open = Object.entries(document.paths)
    .filter(([, operations]) => Object.values(operations).some(({ security }) => security.length === 0))
    .map(([path]) => path);
  expect(open.toSorted()).toEqual(['/api/openapi.json', '/api/pair']);
});
