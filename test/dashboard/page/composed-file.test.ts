/** The page in Debian's Chromium, for a file that is on the group's device only through others. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import type { FileView } from '../../../src/filemap/file-view.ts';
import { makeKernel, serve } from '../support.ts';
import { browse, skip } from './browser.ts';

const SCREENSHOTS = process.env['DMSTATS_SCREENSHOTS'];
const PATH = '/merged/app.db';
const HERE = { major: 254, minor: 0 };
const SECTORS = 12_288;

/** 6 MiB on a device of another number: the first two at sector 8192, nothing of the next two, then from 4096 on. */
function openComposed(path: string): FileView {
  assert.equal(path, PATH);
  return {
    facts: () => ({
      device: { major: 0, minor: 44 },
      inode: 7n,
      isRegular: true,
      links: 1,
      size: BigInt(SECTORS * 512),
      blocks: BigInt(SECTORS),
      modifiedNs: 0n,
      changedNs: 0n,
      bornNs: 0n,
    }),
    fileSystem: () => 0x794c7630,
    extents: () => assert.fail('its own extents are of another device'),
    locate: async () => HERE,
    placed: async () => ({
      parts: [
        { start: 0, end: 4096, below: 8192 },
        { start: 8192, end: SECTORS, below: 4096 },
      ],
      unplaced: [{ start: 4096, end: 8192 }],
    }),
    [Symbol.dispose]() {},
  };
}

test('the page shows a composed file by its own offsets, and what of it has no place', { skip }, async (t) => {
  const { kernel, read, say } = makeKernel();
  say('@stats_create 4096+4096 64 0 dmstats DMS_GROUP="app":0-1#-');
  say('@stats_create 8192+4096 64 0 dmstats -');
  const { url } = await serve(t, kernel, { intervalMs: 200, openFile: openComposed, files: [PATH] });
  const { page, complaints } = await browse(t, url);
  await page.getByRole('button', { name: 'app' }).click();
  // At 5 MiB of the file.
  const reading = setInterval(() => read(6144), 50);
  t.after(() => clearInterval(reading));
  await page.getByText(/^\/merged\/app\.db: 66\.6 % of 6 MiB are watched; 2 MiB have no place/).waitFor();
  await page.waitForTimeout(2500);
  const height = await page.locator('#offsets').evaluate(({ clientHeight }) => clientHeight - 18);
  const width = await page.locator('#offsets').evaluate(({ clientWidth }) => clientWidth);
  const hover = async (id: string, x: number, share: number): Promise<string> => {
    await page.locator(id).hover({ position: { x, y: height * (1 - share) } });
    return page.locator(`${id}-readout`).innerText();
  };
  // Rows of 96 KiB: the one at 5 MiB, and one in the middle.
  assert.match(await hover('#offsets', width - 8, 5.02 / 6), /: \d[\d.]* KiB at 4\.97 MiB of 6 MiB$/);
  assert.match(
    await hover('#offsets', width - 8, 0.5),
    / at 3 MiB of 6 MiB; 96 KiB there have no place on the device$/,
  );
  const extents = async (share: number): Promise<string> => hover('#extents', 64 + share * (width - 64), 0.5);
  assert.match(await extents(0.5), /^2 extents; 2 MiB at 2 MiB have no place on the device$/);
  assert.match(await extents(0.9), /^Extent 2 of 2: 2 MiB at 4 MiB, on the device at 2 MiB$/);
  if (SCREENSHOTS !== undefined) await page.screenshot({ path: join(SCREENSHOTS, 'composed.png'), fullPage: true });
  assert.deepEqual(complaints, []);
});
