// The examples that need a real kernel, as they stand.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { deactivate } from '../../src/devices/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { cleanUp, eventually, sh } from './support.ts';

const script = (name: string): string => fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));

test('examples/thin-pool makes a pool, examples/watch-events sees it', async (t) => {
  sh('modprobe dm-thin-pool; modprobe -r brd; modprobe brd rd_nr=2');
  using dm = DeviceMapper.open();
  const names = ['volume-snap', 'volume', 'pool', 'pool-data', 'pool-meta'];
  cleanUp(t, async () => {
    using again = DeviceMapper.open();
    await deactivate(again, names);
  });
  const watcher = spawn(process.execPath, [script('watch-events'), '600'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => watcher.on('exit', resolve));
  cleanUp(t, async () => {
    watcher.kill('SIGKILL');
    await ended;
  });
  let seen = '';
  watcher.stdout.on('data', (chunk) => {
    seen += chunk;
  });
  // It sees what happens once it looks.
  await eventually('the watcher looks', 60_000, async () => {
    await dm.create('probe');
    await dm.remove({ name: 'probe' });
    return seen.includes('removed "probe"');
  });
  const disks = ['/dev/ram0', '/dev/ram1'];
  const output = execFileSync(process.execPath, [script('thin-pool'), ...disks], { encoding: 'utf8' });
  assert.equal(output, 'the pool is good, volume-snap has 2147483648 sectors\n');
  for (const name of names) {
    assert.ok(existsSync(`/dev/mapper/${name}`), name);
    await eventually(`the watcher sees ${name}`, 20_000, () => seen.includes(`created "${name}"`));
  }
});
