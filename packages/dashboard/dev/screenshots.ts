/** `npm run screenshots [FOLDER [PAGE,…]]`: every page, light and dark, wide and phone, on a gateway with traffic and failing vendors, into docs/assets. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { chromiumPath, launch } from '../test/chromium.ts';
import { palettePng } from './palette-png.ts';
import { startStage } from './stage.ts';
import { startTraffic } from './traffic.ts';

const ASSETS = process.argv[2] ?? fileURLToPath(new URL('../../../docs/assets/', import.meta.url));
/** Only these pages, when they are named. */
const wanted = process.argv[3]?.split(',');
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const;

interface Shot {
  readonly name: string;
  readonly path: string;
  readonly prepare?: (page: Page) => Promise<void>;
}

const executable = chromiumPath();
if (executable === undefined) throw new Error('No Chromium on this machine (apt-get install chromium).');
const vendor = (eventMs: number, firstEventMs: number) => ({ defaults: { eventMs, firstEventMs, words: 60 } });
const stage = await startStage([vendor(12, 260), vendor(9, 380), vendor(22, 150)]);
const browser = await launch(executable);
let stopTraffic: (() => Promise<void>) | undefined;
try {
  const paired = await browser.newContext();
  const first = await paired.newPage();
  await first.goto(`${stage.url}/`);
  await first.getByLabel('Code').waitFor();
  for (const theme of ['light', 'dark'] as const)
    for (const size of ['wide', 'phone'] as const)
      await shoot(browser, { name: 'pair', path: '/' }, theme, size, undefined);
  await first.getByLabel('Code').fill(stage.code);
  await first.keyboard.press('Enter');
  await first.getByRole('navigation').waitFor();
  const state = await paired.storageState();
  stage.vendors[0].failNext('cut-at60', 1);
  const mended = await stage.call({ messages: [{ role: 'user', content: 'Tell me of the sea.' }] });
  stopTraffic = startTraffic(stage, { perSecond: 7, failing: 0.12 });
  const session = (await (await first.request.get(`${stage.url}/api/session`)).json()) as { csrf: string };
  const headers = { 'x-standin-csrf': session.csrf };
  await first.request.post(`${stage.url}/api/rehearsal`, { headers, data: {} });
  await new Promise((resolve) => setTimeout(resolve, 40_000));
  const shots: Shot[] = [
    { name: 'now', path: '/' },
    { name: 'requests', path: '/requests' },
    { name: 'request', path: `/requests/${mended.headers.get('x-request-id') ?? ''}` },
    { name: 'spend', path: '/spend' },
    { name: 'config', path: '/config/providers.models/anthropic/main', prepare: edit },
    { name: 'config-overview', path: '/config' },
    { name: 'rehearse', path: '/rehearse' },
  ];
  for (const shot of shots) await all(shot, state);
  await stopTraffic();
  await all({ name: 'playground', path: '/playground', prepare: ask }, state);
  for (const key of [
    { name: 'ci', models: ['gpt-*', 'claude-*'], rpm: 120, budgetDayUsd: '5', budgetMonthUsd: '60' },
    { name: 'laptop', parallel: 4 },
    { name: 'ops', admin: true },
  ])
    await first.request.post(`${stage.url}/api/keys`, { headers, data: key });
  await all({ name: 'keys', path: '/keys' }, state);
} finally {
  await stopTraffic?.();
  await browser.close();
  await stage.close();
}

type State = Awaited<ReturnType<Awaited<ReturnType<Browser['newContext']>>['storageState']>>;

async function all(shot: Shot, state: State): Promise<void> {
  if (wanted?.includes(shot.name) === false) return;
  for (const theme of ['light', 'dark'] as const)
    for (const size of ['wide', 'phone'] as const) await shoot(browser, shot, theme, size, state);
}

async function shoot(
  from: Browser,
  shot: Shot,
  theme: 'light' | 'dark',
  size: keyof typeof SIZES,
  state: State | undefined,
): Promise<void> {
  const context = await from.newContext({
    viewport: SIZES[size],
    colorScheme: theme,
    reducedMotion: 'reduce',
    ...(state === undefined ? {} : { storageState: state }),
  });
  const page = await context.newPage();
  await page.goto(stage.url + shot.path);
  await page.waitForTimeout(1_500);
  await shot.prepare?.(page);
  await page.waitForTimeout(400);
  const png = palettePng(await page.screenshot());
  const name = `dashboard-${shot.name}-${theme}-${size}.png`;
  writeFileSync(`${ASSETS}/${name}`, png);
  console.log(`${name} ${(png.length / 1_024).toFixed(0)} KiB`);
  await context.close();
}

async function edit(page: Page): Promise<void> {
  await page.getByLabel('timeout_secs', { exact: true }).fill('30');
  await page.waitForTimeout(800);
}

async function ask(page: Page): Promise<void> {
  stage.vendors[0].failNext('503', 2);
  await page.getByLabel('Message').fill('Why do ships float?');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Open the request' }).waitFor({ timeout: 15_000 });
  await page.evaluate(() => scrollTo(0, 0));
}
