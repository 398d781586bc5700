import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

const ANALYZE = '/usr/bin/systemd-analyze';
const skip = existsSync(ANALYZE) ? false : `no ${ANALYZE}`;
const unit = readFileSync(new URL('../../../../packaging/dmlogd.service', import.meta.url), 'utf8');

test('packaging/dmlogd.service is what systemd understands', { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'unit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'dmlogd.service');
  // Neither the command nor the manual is installed where tests run.
  writeFileSync(path, unit.replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true').replace(/^Documentation=.*\n/m, ''));
  const { status, stderr } = spawnSync(ANALYZE, ['verify', path], { encoding: 'utf8' });
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});

test('packaging/dmlogd.service keeps memory for the server, and gives it the rights that the kernel wants', () => {
  const settings = new Map<string, string>();
  for (const [, name = '', value = ''] of unit.matchAll(/^(\w+)=(.*)$/gm)) settings.set(name, value);
  assert.equal(settings.get('MemorySwapMax'), '0');
  assert.match(settings.get('MemoryMin') ?? '', /^\d+M$/);
  assert.equal(settings.get('OOMScoreAdjust'), '-1000');
  assert.equal(settings.get('Type'), 'notify');
  for (const right of ['CAP_SYS_ADMIN', 'CAP_NET_ADMIN', 'CAP_SYS_RESOURCE']) {
    assert.ok(settings.get('CapabilityBoundingSet')?.split(' ').includes(right), right);
  }
});
