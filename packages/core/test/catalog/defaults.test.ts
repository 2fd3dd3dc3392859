import { describe, expect, it } from 'vitest';
import { listedModels } from '../../src/catalog/generated-models.ts';
import { allVendors } from '../../src/vendors/lookup.ts';

/** models.dev as stored in the public index, read 2026-11-26. */
const IN_MODELS_DEV = 'no list of the slot in the generated data; models.dev has the name';
/** The vendor's own pages, read 2026-11 with the row. */
const IN_DOCS = 'no list of the slot in the generated data; the name stands in the source of the row';

/** Defaults that the generated list cannot vouch for, each with what does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  cohere: IN_MODELS_DEV,
  perplexity: IN_MODELS_DEV,
  inception: IN_MODELS_DEV,
  venice: IN_MODELS_DEV,
  doubao: IN_MODELS_DEV,
  stepfun: IN_MODELS_DEV,
  sambanova: IN_MODELS_DEV,
  deepinfra: IN_MODELS_DEV,
  novita: IN_MODELS_DEV,
  github_models: IN_DOCS,
  ai21: IN_DOCS,
  reka: IN_DOCS,
  upstage: IN_DOCS,
  morph: IN_DOCS,
  qianfan: IN_DOCS,
  yi: IN_DOCS,
  hunyuan: IN_DOCS,
  baichuan: IN_DOCS,
};

describe('the default models', () => {
  const rows = allVendors().filter(({ defaultModel }) => defaultModel !== undefined);

  it.each(rows.map((row) => [row.id, row.defaultModel ?? ''] as const))('of %s, %s, is current', (id, model) => {
    const listed = listedModels(id);
    if (ELSEWHERE[id] === undefined) expect([...listed.keys()]).toContain(model.toLowerCase());
    else expect(listed.size, 'the list has the slot now: bring its default into it').toBe(0);
  });

  it('names no reason for a slot that needs none', () => {
    expect(Object.keys(ELSEWHERE).filter((id) => rows.every((row) => row.id !== id))).toEqual([]);
  });
});
