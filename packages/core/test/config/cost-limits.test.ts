import { describe, expect, it } from 'vitest';
import { loadConfigText } from '@standin/core/config/load';

const ENTRY = '[providers.models.openai.main]\napi_key = "sk-x"\n';
const v3 = (text: string, env: Record<string, string> = {}) =>
  loadConfigText(`schema_version = 3\n${ENTRY}${text}`, 'c.toml', { env });
const v1 = (text: string) =>
  loadConfigText(`default_provider = "openai"\napi_key = "sk-x"\n${text}`, 'c.toml', { env: {} });

describe('the limits of ZeroClaw’s [cost]', () => {
  it.each([
    ['daily_limit_usd = 5.0', { daily_usd: 5, action: 'warn' }],
    ['monthly_limit_usd = 70\nwarn_at_percent = 90', { monthly_usd: 70, warn_at_percent: 90, action: 'warn' }],
    ['daily_limit_usd = 5.0\n[cost.enforcement]\nmode = "block"', { daily_usd: 5, action: 'reject' }],
    [
      'daily_limit_usd = 5.0\n[cost.enforcement]\nmode = "route_down"\nroute_down_model = "m"',
      { daily_usd: 5, action: 'reject' },
    ],
    ['enabled = false\ndaily_limit_usd = 5.0', undefined],
    ['warn_at_percent = 90', undefined],
  ])('%j hold as budgets, in both of its formats', (text, expected) => {
    for (const config of [v3(`[cost]\n${text}`), v1(`[cost]\n${text}`)]) {
      expect(config.document.budgets).toEqual(expected);
      expect(config.report.errors).toEqual([]);
    }
  });

  it('give way to [budgets], field by field, and follow the environment', () => {
    const both = v3('[cost]\ndaily_limit_usd = 5\nmonthly_limit_usd = 50\n[budgets]\ndaily_usd = 9\naction = "reject"');
    expect(both.document.budgets).toEqual({ daily_usd: 9, monthly_usd: 50, action: 'reject' });
    const set = v3('[cost]\ndaily_limit_usd = 5', { STANDIN_cost__daily_limit_usd: '2.5' });
    expect(set.document.budgets?.daily_usd).toBe(2.5);
  });

  it('say what of them is not done, and are checked', () => {
    const { report } = v3('[cost]\ndaily_limit_usd = 5\n[cost.enforcement]\nmode = "route_down"');
    expect(report.warnings).toMatchObject([
      { path: 'cost.enforcement.mode', message: expect.stringContaining('refused') },
    ]);
    expect(v3('[cost]\ndaily_limit_usd = "much"').report.errors).toMatchObject([{ path: 'cost.daily_limit_usd' }]);
    expect(v3('[cost]\ndaily_limit = 5').report.warnings[0]).toMatchObject({
      suggestion: expect.stringContaining('daily_limit_usd'),
    });
  });
});
