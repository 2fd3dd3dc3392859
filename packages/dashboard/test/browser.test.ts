import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStage, type Stage } from '../dev/stage.ts';
import { startTraffic } from '../dev/traffic.ts';
import { chromiumPath, launch, watchFor } from './chromium.ts';

const executable = chromiumPath();
/** The machine may be busy with other tests. */
const until = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 50 });
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(executable === undefined)(
  'the dashboard in a browser, on a gateway under load with failing vendors',
  () => {
    let stage: Stage;
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let seen: string[];
    let stopTraffic: (() => Promise<void>) | undefined;

    beforeAll(async () => {
      [stage, browser] = await Promise.all([startStage(), launch(executable ?? '')]);
      context = await browser.newContext({
        viewport: { width: 1440, height: 900 },
        permissions: ['clipboard-read', 'clipboard-write'],
      });
      page = await context.newPage();
      page.setDefaultTimeout(15_000);
      seen = watchFor(page, stage.url);
    }, 60_000);

    afterAll(async () => {
      await stopTraffic?.();
      await browser?.close();
      await stage?.close();
    });

    /** Opens a page as a user does and checks what holds for every page. */
    async function open(name: string): Promise<void> {
      await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
    }

    /** Whoever is asked first by now: a target that failed before may still cool down. */
    function allVendors(script: Parameters<Stage['vendors'][0]['setScript']>[0]): void {
      for (const vendor of stage.vendors) vendor.setScript(script);
    }

    async function serious(): Promise<string[]> {
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => {
        const { axe } = globalThis as unknown as {
          axe: {
            run(options: unknown): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }>;
          };
        };
        return axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
      });
      return violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => `${page.url()}: ${id}: ${nodes[0]?.html.slice(0, 160) ?? ''}`);
    }

    it('asks an unknown browser for the code, refuses a wrong one, and lets it in with the right one', async () => {
      await page.goto(`${stage.url}/keys`);
      const box = page.getByLabel('Code');
      await box.fill('zzzz zzzz');
      await page.getByRole('button', { name: 'Pair' }).click();
      await page.getByRole('alert').waitFor();
      expect(await serious()).toEqual([]);
      await box.fill(stage.code.toLowerCase());
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Keys' }).waitFor();
      // A second browser cannot use it again, and without a session nothing is told.
      const answers = await page.evaluate(async (code) => {
        const again = await fetch('/api/pair', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ code }),
        });
        const bare = await fetch('/api/status', { credentials: 'omit' });
        return [again.status, bare.status];
      }, stage.code);
      expect(answers).toEqual([401, 401]);
    });

    it('shows a fallback happen live, and its waterfall', async () => {
      await open('Now');
      stopTraffic = startTraffic(stage, { perSecond: 12, failing: 0.1 });
      const cards = page.locator('.chain-card');
      await until(() => cards.count()).toBe(4);
      // The first vendor falls silent for a while: its calls are seen to wait, then to go on elsewhere.
      stage.vendors[0].failNext('529', 200);
      await page
        .locator('.wire.fallback.calm, .wire.fallback.brisk, .wire.fallback.fast')
        .first()
        .waitFor({ state: 'attached' });
      const recovered = page.locator('.short-list a', { has: page.getByText('recovered', { exact: true }) }).first();
      await recovered.waitFor();
      expect(await recovered.innerText()).toContain('→');
      expect(await page.locator('.tile .figure').first().innerText()).toMatch(/^[\d.]+\/s$/);
      expect(await serious()).toEqual([]);
      await recovered.click();
      await page.getByRole('heading', { name: 'Attempts' }).waitFor();
      expect(await page.locator('.lane').count()).toBeGreaterThan(1);
      await page.getByText(/replayed: same/).waitFor();
      await page
        .getByText('The request as it came')
        .or(page.getByRole('heading', { name: 'Request', exact: true }))
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Copy as curl' }).click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^curl .*\/v1\/chat\/completions/s);
      expect(await serious()).toEqual([]);
    });

    it('marks where a broken answer was mended', async () => {
      stage.vendors[0].setScript({ defaults: { eventMs: 1, words: 40 } });
      // This model breaks off once, whatever the traffic beside it meets.
      const answer = await stage.call({ model: 'anthropic.main/sim-cut-at60-x1' });
      const id = answer.headers.get('x-request-id') ?? '';
      await page.goto(`${stage.url}/requests/${id}`);
      await page.locator('.mark.spliced').waitFor();
      await page.locator('.splice').waitFor();
      expect(await page.locator('.splice').getAttribute('aria-label')).toMatch(/^Here attempt \d/);
      const before = await page.locator('.splice').evaluate((mark) => mark.previousSibling?.textContent?.length ?? 0);
      expect(before).toBe(60);
    });

    it('lists requests live, filters them, and is used with keys alone', async () => {
      await open('Requests');
      await expect
        .poll(async () => Number(await page.locator('.list').getAttribute('aria-rowcount')))
        .toBeGreaterThan(5);
      await page.keyboard.press('/');
      await page.keyboard.type('researcher');
      await until(() => page.url()).toContain('q=researcher');
      await page.keyboard.press('Escape');
      const first = page.locator('.list-row[aria-rowindex="1"]');
      await until(() => first.innerText()).toContain('researcher');
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Attempts' }).waitFor();
      await page.keyboard.press('Escape');
      await until(() => page.url()).toMatch(/\/requests\?q=researcher$/);
      await page.keyboard.press('?');
      await page.getByRole('heading', { name: 'Keyboard shortcuts' }).waitFor();
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await page.keyboard.press('s');
      await page.getByRole('heading', { level: 1, name: 'Spend' }).waitFor();
    });

    it('shows what was spent, what is left, and what is not known', async () => {
      for (const by of ['Provider', 'Key', 'Agent', 'Day', 'Model'])
        await page.getByRole('button', { name: by, exact: true }).click();
      await page.getByRole('cell', { name: 'claude-sonnet-4-5' }).waitFor();
      const local = page.getByRole('row').filter({ hasText: 'qwen3-8b' });
      if ((await local.count()) > 0) expect(await local.innerText()).toContain('unknown');
      await page.getByText('everything together').waitFor();
      await page
        .getByText(/\$[\d.]+ left/)
        .first()
        .waitFor();
      expect(await serious()).toEqual([]);
    });

    it('edits a field, shows the difference, and the next call uses it; a refused edit changes nothing; undo', async () => {
      await stopTraffic?.();
      stopTraffic = undefined;
      stage.vendors[1].setScript({});
      await page.goto(`${stage.url}/config/providers.models/openai/backup`);
      const model = page.getByLabel('model', { exact: true });
      await model.fill('gpt-edited');
      await page.getByRole('button', { name: 'Review' }).click();
      const dialog = page.getByRole('dialog');
      await expect
        .poll(() => dialog.locator('.diff .added').allInnerTexts())
        .toEqual([expect.stringContaining('gpt-edited')]);
      await dialog.getByRole('button', { name: 'Apply' }).click();
      await dialog.waitFor({ state: 'detached' });
      const answer = await stage.call({ model: 'openai.backup' });
      expect(answer.headers.get('x-standin-model')).toBe('gpt-edited');
      expect(readFileSync(stage.configFile, 'utf8')).toContain('# Calls go to the first entry');
      await page.getByRole('button', { name: 'Undo' }).click();
      await until(() => model.inputValue()).toBe('gpt-4o-mini');
      const undone = await stage.call({ model: 'openai.backup' });
      expect(undone.headers.get('x-standin-model')).toBe('gpt-4o-mini');
      // Refused: told at the field, and nothing can be applied.
      const before = readFileSync(stage.configFile, 'utf8');
      const tokens = page.getByLabel('max_tokens', { exact: true });
      await tokens.fill('-4');
      await page.locator('.config-field.edited .error-text').waitFor();
      await page.getByRole('button', { name: 'Review' }).click();
      await dialog.getByText('This is refused').waitFor();
      expect(await dialog.getByRole('button', { name: 'Apply' }).isDisabled()).toBe(true);
      await dialog.getByRole('button', { name: 'Back' }).click();
      await page.getByRole('button', { name: 'Discard' }).click();
      expect(readFileSync(stage.configFile, 'utf8')).toBe(before);
      expect(await serious()).toEqual([]);
    });

    it('writes secrets and never shows them; makes and renames an entry; tries it', async () => {
      const key = page.getByLabel('api_key', { exact: true });
      expect(await key.inputValue()).toBe('');
      expect(await key.getAttribute('placeholder')).toMatch(/^set \(/);
      await page.goto(`${stage.url}/config/new`);
      await page.getByLabel('Vendor or protocol').fill('custom');
      await page.getByLabel('Alias: your name for it').fill('fresh');
      await page.getByLabel('Model', { exact: true }).fill('m-fresh');
      await page.getByLabel(/^Address/).fill(`${stage.vendors[2].url}/v1`);
      await page.getByLabel('Key, if it asks for one').fill('sk-never-to-be-seen');
      await page.getByRole('button', { name: 'Review' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
      await page.getByRole('heading', { level: 1, name: 'custom.fresh' }).waitFor();
      expect(await page.content()).not.toContain('sk-never-to-be-seen');
      expect(readFileSync(stage.configFile, 'utf8')).not.toContain('sk-never-to-be-seen');
      await page.getByRole('button', { name: 'Rename' }).click();
      await page.getByLabel('New alias').fill('newer');
      await page.getByRole('button', { name: 'Review' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
      await page.getByRole('heading', { level: 1, name: 'custom.newer' }).waitFor();
      await page.getByRole('button', { name: 'Ask it now' }).click();
      await page.getByText(/m-fresh answered after/).waitFor();
      expect(stage.vendors[2].requests.at(-1)?.headers['authorization']).toBe('Bearer sk-never-to-be-seen');
    });

    it('chats, with hostile text shown as text', async () => {
      const hostile =
        '<img src=x onerror="document.title=1"><script>alert(1)</script> [x](javascript:alert(1)) \u001b[31mred\u001b[0m';
      allVendors({ rules: [{ behaviour: { text: hostile } }] });
      await open('Playground');
      await page.getByLabel('Message').fill('Say something hostile.');
      await page.keyboard.press('Enter');
      const answer = page.locator('.turn.assistant .text-view').first();
      await until(() => answer.innerText()).toContain('␛[31mred');
      expect(await answer.innerText()).toContain('<script>alert(1)</script>');
      expect(await page.locator('.turn img, .turn script, .turn a').count()).toBe(0);
      await page.getByRole('link', { name: 'Open the request' }).waitFor();
      expect(await page.locator('aside .lane').count()).toBe(1);
      allVendors({ defaults: { words: 40 }, rules: [{ behaviour: 'tool' }] });
      await page.getByText('System prompt, tools, limits').click();
      await page.getByRole('button', { name: 'Put an example in' }).click();
      await page.getByLabel('Message').fill('What is the weather?');
      await page.keyboard.press('Enter');
      await page.getByLabel('Its result, by you').fill('{"sky":"clear"}');
      allVendors({ defaults: { words: 12 } });
      await page.getByRole('button', { name: 'Send the result' }).click();
      await until(() => page.locator('.turn.assistant .text-view').count()).toBeGreaterThan(2);
      await until(() => page.getByRole('button', { name: 'Send', exact: true }).count()).toBe(1);
      expect(await serious()).toEqual([]);
    });

    it('shows a line of ten megabytes without a halt', async () => {
      const line = '<b>'.repeat(3_500_000);
      allVendors({ rules: [{ behaviour: { text: line, deltaChars: 500_000 } }] });
      await page.getByRole('button', { name: 'New conversation' }).click();
      await page.getByLabel('Message').fill('Go on for ever.');
      await page.keyboard.press('Enter');
      const more = page.getByRole('button', { name: /^Show (all|1,000,000 more)$/ });
      await more.waitFor();
      await until(() => page.locator('.turn.assistant .row .soft').innerText()).toContain('of 10,500,000 characters');
      const began = Date.now();
      expect((await page.locator('.turn.assistant .text-view').innerText()).length).toBeLessThan(25_000);
      expect(Date.now() - began).toBeLessThan(2_000);
      allVendors({});
      await page.getByRole('button', { name: 'New conversation' }).click();
    });

    it('rehearses, and a cell opens', async () => {
      await open('Rehearse');
      await page.getByRole('combobox', { name: 'What to rehearse' }).selectOption('researcher');
      await page.getByRole('button', { name: 'Run' }).click();
      await page.locator('button.cell').first().waitFor();
      await page.getByRole('heading', { name: 'What your callers would see' }).waitFor({ timeout: 60_000 });
      expect(await page.locator('span.cell').count()).toBe(0);
      expect(await page.locator('button.cell.bad').count()).toBe(0);
      await page.locator('button.cell').nth(1).click();
      await page.getByRole('dialog').locator('.lane').first().waitFor();
      expect(await serious()).toEqual([]);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    });

    it('makes a key that is shown once, and callers need it from then on', async () => {
      await open('Keys');
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByLabel('Name').fill('ci');
      await page.getByLabel('Requests per minute').fill('60');
      await page.getByRole('button', { name: 'Make the key' }).click();
      const secret = await page.locator('.made-key').innerText();
      expect(secret).toMatch(/^sk-/);
      await page.getByRole('button', { name: 'I have kept it' }).click();
      expect(await page.content()).not.toContain(secret);
      await until(async () => (await stage.call({}, { authorization: `Bearer ${secret}` })).status).toBe(200);
      await until(async () => (await stage.call()).status).toBe(401);
      await page.getByRole('button', { name: 'Revoke ci' }).click();
      expect(await serious()).toEqual([]);
      await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
      await page.getByText('Revoked (1)').waitFor();
      await until(async () => (await stage.call({}, { authorization: `Bearer ${secret}` })).status).toBe(401);
    });

    it('fits a phone in the dark, every page', async () => {
      await page.setViewportSize({ width: 390, height: 844 });
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const [path, name] of [
        ['/', 'Now'],
        ['/requests', 'Requests'],
        ['/spend', 'Spend'],
        ['/config', 'Config'],
        ['/rehearse', 'Rehearse'],
        ['/playground', 'Playground'],
        ['/keys', 'Keys'],
      ] as const) {
        await page.goto(stage.url + path);
        await page.getByRole('heading', { level: 1, name }).waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), path).toBeLessThanOrEqual(
          0,
        );
        // The others were looked at wide.
        if (name === 'Requests' || name === 'Config') expect(await serious()).toEqual([]);
      }
      await page.getByRole('button', { name: 'Pages' }).click();
      await page.getByRole('dialog', { name: 'Pages' }).getByRole('link', { name: 'Now' }).click();
      await page.getByRole('heading', { level: 1, name: 'Now' }).waitFor();
    });

    it('said nothing in the console, and asked nobody but the gateway', () => {
      expect(seen).toEqual([]);
    });
  },
  90_000,
);
