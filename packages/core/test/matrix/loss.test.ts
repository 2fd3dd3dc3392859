import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FEATURES } from '../../../../scripts/loss-features.ts';
import { judge, lossDocument, PARTIES } from '../../../../scripts/loss-table.ts';

const pairs = PARTIES.flatMap((caller) => PARTIES.map((vendor) => [caller.wire, vendor.wire, caller, vendor] as const));

describe('declared loss', () => {
  it('is told in docs/loss.md as the code has it now', () => {
    const written = readFileSync(new URL('../../../../docs/loss.md', import.meta.url), 'utf8');
    expect(written, 'run: node scripts/gen-loss-table.ts').toBe(lossDocument());
  });

  it.each(pairs)('from %s to %s nothing is lost without being declared', (_from, _to, caller, vendor) => {
    for (const feature of FEATURES) expect(judge(feature, caller, vendor).how, feature.name).not.toBe('silent');
  });

  it.each(PARTIES.map((one) => [one.wire, one] as const))('%s to itself carries what it can say', (_wire, one) => {
    // What the protocol has but its owner's models do not take.
    const notTaken = [
      'top_k',
      'prompt-cache breakpoints (cache_control)',
      'earlier thinking, unsigned',
      'thinking: effort',
    ];
    for (const feature of FEATURES) {
      const { how, words } = judge(feature, one, one);
      if (!notTaken.includes(feature.name))
        expect(['carried', 'n/a'], `${feature.name}: ${words.join()}`).toContain(how);
    }
  });

  it('sees a loss where there is one', () => {
    const seed = FEATURES.find(({ name }) => name === 'seed') ?? expect.fail('no feature seed');
    const [chat, , messages] = PARTIES;
    if (chat === undefined || messages === undefined) expect.fail('two parties');
    expect(judge(seed, chat, messages)).toEqual({ how: 'lost', words: ['seed'] });
    expect(judge(seed, messages, chat).how).toBe('n/a');
    expect(judge(seed, chat, chat).how).toBe('carried');
  });
});
