import { describe, expect, test } from 'vitest';
import { createRouteTable } from '../src/route-table.ts';

const table = createRouteTable([
  { method: 'GET', pattern: '/models', run: 'list' },
  { method: 'POST', pattern: '/models', run: 'make' },
  { method: 'GET', pattern: '/models/{id}', run: 'one' },
  { method: 'POST', pattern: '/v1beta/models/{model}:generateContent', run: 'generate' },
]);

describe('the route table', () => {
  test.each([
    ['GET', '/models', 'list', ''],
    ['HEAD', '/models', 'list', ''],
    ['POST', '/models/', 'make', ''],
    ['GET', '/models/openai.main/gpt-4', 'one', 'openai.main/gpt-4'],
    ['POST', '/v1beta/models/a/b:generateContent', 'generate', 'a/b'],
  ])('%s %s is %s with %j', (method, path, run, parameter) => {
    expect(table.find(method, path)).toEqual({ type: 'route', run, parameter });
  });

  test('says which methods a path has', () => {
    expect(table.find('PUT', '/models')).toEqual({ type: 'method', run: 'list', allow: 'GET, HEAD, POST' });
    expect(table.find('POST', '/models/x')).toEqual({ type: 'method', run: 'one', allow: 'GET, HEAD' });
  });

  test('an empty parameter is no match', () => {
    expect(table.find('POST', '/v1beta/models/:generateContent')).toEqual({ type: 'none' });
    expect(table.find('GET', '/elsewhere')).toEqual({ type: 'none' });
  });
});
