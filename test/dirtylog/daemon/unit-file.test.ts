import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const ANALYZE = '/usr/bin/systemd-analyze';
const skip = existsSync(ANALYZE) ? false : `no ${ANALYZE}`;
const read = (name: string): string => readFileSync(new URL(`../../../../packaging/${name}`, import.meta.url), 'utf8');
const unit = read('dmlogd.service');
const slice = read('dmlogd.slice');

function settingsOf(text: string): Map<string, string> {
  return new Map(Array.from(text.matchAll(/^(\w+)=(.*)$/gm), ([, name = '', value = '']) => [name, value]));
}

test('packaging/dmlogd.service and its slice are what systemd understands', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'unit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'dmlogd.service');
  // Neither the command nor the manual is installed where tests run.
  writeFileSync(join(folder, 'dmlogd.slice'), slice.replace(/^Documentation=.*\n/m, ''));
  writeFileSync(path, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true').replace(/^Documentation=.*\n/m, ''));
  const { status, stderr } = spawnSync(ANALYZE, ['verify', path, join(folder, 'dmlogd.slice')], { encoding: 'utf8' });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});

test('packaging/dmlogd.service keeps memory for the server, and gives it the rights that the kernel wants', () => {
  const settings = settingsOf(unit);
  assert.equal(settings.get('MemorySwapMax'), '0');
  assert.match(settings.get('MemoryMin') ?? '', /^\d+M$/);
  // A protection holds as far as that of the slice: one below the root, as a slice's name says.
  assert.equal(settings.get('Slice'), 'dmlogd.slice');
  assert.equal(settingsOf(slice).get('MemoryMin'), settings.get('MemoryMin'));
  assert.equal(settings.get('OOMScoreAdjust'), '-1000');
  assert.equal(settings.get('Type'), 'notify');
  for (const right of ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN', 'CAP_SYS_RESOURCE']) {
    assert.ok(settings.get('CapabilityBoundingSet')?.split(' ').includes(right), right);
  }
});
