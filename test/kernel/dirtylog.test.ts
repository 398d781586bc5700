// dmlogd answers a real kernel: mirrors are made, copied, written, and survive what happens to the server and its log.
import assert from 'node:assert/strict';
import { rmSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import {
  allInSync,
  assertLegsEqual,
  DMSETUP,
  makeLegs,
  makeMirror,
  REGION_SECTORS,
  startServer,
  startWriter,
} from './dirtylog-support.ts';
import { attempt, cleanUp, eventually, makeVolume, sh } from './support.ts';

const LEG_MIB = 4;

test('dmlogd makes a core log: status, table, dependencies; it is copied, and the legs are equal', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB, { random: true });
  const mirror = await makeMirror(t, { log: `clustered-core ${REGION_SECTORS}` }, legs);
  assert.match(sh(`dmsetup status ${mirror.name}`), / mirror 2 \S+ \S+ \d+\/32 1 AA 1 clustered-core\n$/);
  assert.match(
    sh(`dmsetup table ${mirror.name}`),
    new RegExp(` mirror userspace 3 ${mirror.uuid} clustered-core ${REGION_SECTORS} 2 `),
  );
  assert.match(sh(`dmsetup deps ${mirror.name}`), /^2 dependencies/);
  // Writes into regions that are not copied yet do not wait for the queue.
  sh(`dd if=/dev/urandom of=${mirror.node} bs=4k count=1 seek=1000 oflag=direct 2>&1`);
  await allInSync(mirror);
  assertLegsEqual(mirror);

  const second = attempt('dmlogd serve');
  assert.equal(second.status, 1);
  assert.match(second.stderr, /^dmlogd runs already: .*lock is locked\n$/);
  assert.match(sh('dmlogd status'), new RegExp(`^${mirror.uuid} +${mirror.name} +core +running +32 +32 +0`, 'm'));
  const status = JSON.parse(sh('dmlogd status --json'));
  assert.equal(status.mirrors[0].tables[0].words, `${LEG_MIB * 2048} clustered-core ${REGION_SECTORS}`);
  assert.equal(status.requests.CTR, 1);
  assert.equal(server.output(), `ready\n${mirror.uuid}: all regions are in sync\n`);
});

for (const { integrated, hasAio } of [
  { integrated: false, hasAio: true },
  { integrated: true, hasAio: true },
  { integrated: true, hasAio: false },
]) {
  const flush = integrated ? 'with' : 'without';
  const way = hasAio ? '' : ', where the kernel has no asynchronous I/O to spare';
  test(`dmlogd keeps a disk log, ${flush} integrated_flush, that the kernel's own disk log understands${way}`, async (t) => {
    if (!hasAio) {
      const most = sh('sysctl -n fs.aio-max-nr').trim();
      sh('sysctl -q fs.aio-max-nr=0');
      cleanUp(t, () => sh(`sysctl -q fs.aio-max-nr=${most}`));
    }
    await startServer(t);
    assert.equal(Number(sh('sysctl -n fs.aio-nr')) > 0, hasAio);
    const legs = await makeLegs(t, LEG_MIB);
    const log = await makeVolume(t, 1);
    sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
    const words = `clustered-disk ${log.node} ${REGION_SECTORS}`;
    const mirror = await makeMirror(t, { log: `${words} nosync`, integrated }, legs);
    assert.match(sh(`dmsetup status ${mirror.name}`), / 32\/32 1 AA 3 clustered-disk \d+:\d+ A\n$/);
    assert.match(sh(`dmsetup deps ${mirror.name}`), /^3 dependencies/);
    const writer = await startWriter(t, mirror.node, LEG_MIB);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const written = await writer.end();
    assert.ok(written.writes > 0, 'something was written');
    assert.deepEqual({ errors: written.errors, wrong: written.wrong }, { errors: 0, wrong: 0 });
    assertLegsEqual(mirror);

    // Suspended, everything is clean on the device: the kernel's log finds nothing to copy.
    const swap = (table: string): void => {
      sh(
        `${DMSETUP} suspend ${mirror.name}; ${DMSETUP} load ${mirror.name} --table '${table}'; ${DMSETUP} resume ${mirror.name}`,
      );
    };
    swap(mirror.table({ kernelLog: `disk 2 ${log.node} ${REGION_SECTORS}` }));
    assert.match(sh(`dmsetup status ${mirror.name}`), / 32\/32 1 AA 3 disk \d+:\d+ A\n$/);
    sh(`dd if=/dev/urandom of=${mirror.node} bs=128k count=3 oflag=direct 2>&1`);
    // And what the kernel has written, dmlogd reads.
    swap(mirror.table({ log: words, integrated }));
    assert.match(sh(`dmsetup status ${mirror.name}`), / 32\/32 1 AA 3 clustered-disk \d+:\d+ A\n$/);
    assertLegsEqual(mirror);
  });
}

test('dmlogd without what its predecessor left has the kernel construct and resume the log again', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const mirror = await makeMirror(t, { log: `clustered-core ${REGION_SECTORS} nosync` }, legs);
  await server.kill();
  rmSync('/run/dmlogd', { recursive: true });
  const next = await startServer(t);
  sh(`dd if=/dev/urandom of=${mirror.node} bs=64k count=4 oflag=direct 2>&1`);
  // A core log that is lost is copied again, or waits for a resume that makes the kernel ask.
  sh(`${DMSETUP} suspend ${mirror.name}; ${DMSETUP} resume ${mirror.name}`);
  await allInSync(mirror);
  assertLegsEqual(mirror);
  assert.match(next.output(), /a request for a log that is not known/);
});

test('dmlogd goes through reloads, suspends and resumes', async (t) => {
  await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  const words = `disk ${log.node} ${REGION_SECTORS}`;
  const mirror = await makeMirror(t, { log: `${words} nosync` }, legs);
  const writer = await startWriter(t, mirror.node, LEG_MIB);
  for (let round = 0; round < 6; round++) {
    sh(`${DMSETUP} load ${mirror.name} --table '${mirror.table({ log: words, integrated: round % 2 === 0 })}'`);
    sh(
      `${DMSETUP} suspend ${mirror.name}; ${DMSETUP} resume ${mirror.name}; ${DMSETUP} suspend ${mirror.name}; ${DMSETUP} resume ${mirror.name}`,
    );
  }
  const written = await writer.end();
  assert.deepEqual({ errors: written.errors, wrong: written.wrong }, { errors: 0, wrong: 0 });
  assert.equal(mirror.inSync(), mirror.regions);
  assertLegsEqual(mirror);
  const { mirrors } = JSON.parse(sh('dmlogd status --json'));
  assert.deepEqual(
    mirrors.map((one: { tables: readonly { phase: string }[] }) => one.tables.map(({ phase }) => phase)),
    [['running']],
  );
});

test('dmlogd says when the log device fails, the kernel holds the writes, and a reload lets them go on', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  const words = `disk ${log.node} ${REGION_SECTORS}`;
  const mirror = await makeMirror(t, { log: `${words} nosync` }, legs);
  const good = sh(`${DMSETUP} table ${log.name}`).trim();
  const swapLog = (table: string): void => {
    sh(
      `${DMSETUP} load ${log.name} --table '${table}'; ${DMSETUP} suspend --noflush ${log.name}; ${DMSETUP} resume ${log.name}`,
    );
  };
  swapLog(`0 ${log.sectors} error`);
  const writer = await startWriter(t, mirror.node, LEG_MIB);
  await eventually('the failure is told', 30_000, () => /the log has failed/.test(server.output()));
  assert.match(sh(`dmsetup status ${mirror.name}`), / 3 disk \d+:\d+ [DF]\n$/);
  swapLog(good);
  sh(`${DMSETUP} load ${mirror.name} --table '${mirror.table({ log: words })}'`);
  sh(`${DMSETUP} suspend --noflush ${mirror.name}; ${DMSETUP} resume ${mirror.name}`);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const written = await writer.end();
  assert.ok(written.writes > 1, 'writes go on');
  assert.deepEqual({ errors: written.errors, wrong: written.wrong }, { errors: 0, wrong: 0 });
  await allInSync(mirror);
  assertLegsEqual(mirror);
});

test('dmlogd takes a constructor of 332 bytes, the longest that the kernel can send', async (t) => {
  await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  const words = (path: string): string => `disk ${path} ${REGION_SECTORS}${' block_on_error'.repeat(15)} nosync`;
  // The server is sent the mirror's length and a blank before the words.
  const room = 332 - `${LEG_MIB * 2048} `.length - words('').length;
  const path = `/tmp/${'x'.repeat(room - '/tmp/'.length)}`;
  symlinkSync(log.node, path);
  cleanUp(t, () => rmSync(path));
  const mirror = await makeMirror(t, { log: words(path) }, legs);
  assert.equal(mirror.inSync(), mirror.regions);
  const { mirrors } = JSON.parse(sh('dmlogd status --json'));
  assert.equal(mirrors[0].tables[0].words.length, 332);
});
