// A disk log that the kernel has written is read by dmlogd, and one of dmlogd by the kernel: not only when all is clean.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { askOnce, askStatus } from '../../src/dirtylog/daemon/client.ts';
import { allInSync, DMSETUP, makeLegs, makeMirror, REGION_SECTORS, startServer } from './dirtylog-support.ts';
import { eventually, makeVolume, sh } from './support.ts';

const LEG_MIB = 4;
const REGIONS = (LEG_MIB * 2048) / REGION_SECTORS;
/** Where the bits begin on the log device, by drivers/md/dm-log.c: `LOG_OFFSET` sectors. */
const BITS_AT = 1024;
const DIRTY = 9;
const KINDS = ['the kernel', 'dmlogd'] as const;

function bytesOf(node: string, offset: number, length: number): Buffer {
  return Buffer.from(
    sh(
      `dd if=${node} bs=4096 count=1 iflag=direct 2>/dev/null | od -An -v -tx1 -j${offset} -N${length} | tr -d ' \\n'`,
    ),
    'hex',
  );
}

/** Makes a region of a device differ from what it was. */
function spoil(node: string, region: number): void {
  sh(`dd if=/dev/urandom of=${node} bs=4k count=1 seek=${region * (REGION_SECTORS / 8)} oflag=direct 2>&1`);
}

const isAlike = (legs: readonly [{ node: string }, { node: string }], region: number): boolean => {
  const [one, other] = legs.map(({ node }) =>
    sh(`dd if=${node} bs=${REGION_SECTORS}b count=1 skip=${region} iflag=direct 2>/dev/null | sha256sum`),
  );
  return one === other;
};

for (const writer of KINDS) {
  const reader = KINDS.find((one) => one !== writer);
  test(`a region that ${writer} was writing when the log was copied is dirty for ${reader}, and no other`, async (t) => {
    await startServer(t);
    const legs = await makeLegs(t, LEG_MIB);
    const [log, copy] = [await makeVolume(t, 1), await makeVolume(t, 1)];
    for (const { node } of [log, copy]) sh(`dd if=/dev/zero of=${node} bs=64k count=1 oflag=direct 2>&1`);
    const tableOf = (kind: string | undefined, node: string, options = '') => {
      const words = `disk ${node} ${REGION_SECTORS}${options}`;
      const count = words.split(' ').length - 1;
      return kind === 'dmlogd' ? { log: words } : { kernelLog: `disk ${count} ${words.slice('disk '.length)}` };
    };
    const mirror = await makeMirror(t, tableOf(writer, log.node, ' nosync'), legs);
    sh(`${DMSETUP} suspend --noflush ${legs[1].name}`);
    const write = spawn('dd', [
      'if=/dev/urandom',
      `of=${mirror.node}`,
      'bs=4k',
      'count=1',
      `seek=${DIRTY * (REGION_SECTORS / 8)}`,
      'oflag=direct',
    ]);
    const written = new Promise((resolve) => write.on('exit', resolve));
    const clean = Buffer.alloc(REGIONS / 8, 0xff);
    const dirty = Buffer.from(clean);
    dirty[DIRTY >> 3] = 0xff & ~(1 << (DIRTY & 7));
    await eventually('the region is dirty on the log', 30_000, async () => {
      await setTimeout(100);
      return bytesOf(log.node, BITS_AT, REGIONS / 8).equals(dirty);
    });
    sh(`dd if=${log.node} of=${copy.node} bs=64k count=1 iflag=direct oflag=direct 2>&1`);
    sh(`${DMSETUP} resume ${legs[1].name}`);
    assert.equal(await written, 0);
    sh(`${DMSETUP} suspend ${mirror.name}`);
    assert.deepEqual(bytesOf(log.node, BITS_AT, REGIONS / 8), clean, 'suspended, all is clean');

    spoil(legs[1].node, DIRTY);
    spoil(legs[1].node, DIRTY + 1);
    sh(
      `${DMSETUP} load ${mirror.name} --table '${mirror.table(tableOf(reader, copy.node))}'; ${DMSETUP} resume ${mirror.name}`,
    );
    await allInSync(mirror, 30_000);
    assert.equal(isAlike(legs, DIRTY), true, 'the dirty region was copied');
    assert.equal(isAlike(legs, DIRTY + 1), false, 'a clean one was not');
  });
}

test('dmlogd takes a log of fewer and of more regions, and copies everything when the header is none', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  await askOnce(undefined, { command: 'resync', change: { paused: true } });
  const words = `disk ${log.node} ${REGION_SECTORS}`;
  const mirror = await makeMirror(t, { log: `${words} nosync` }, legs);
  const inSync = async (table: string): Promise<number> => {
    sh(
      `${DMSETUP} suspend ${mirror.name}; ${DMSETUP} load ${mirror.name} --table '${table}'; ${DMSETUP} resume ${mirror.name}`,
    );
    const { mirrors } = await askStatus();
    return mirrors[0]?.inSync ?? -1;
  };
  const full = mirror.table({ log: words });
  const half = full.replace(/^0 \d+/, `0 ${(REGIONS / 2) * REGION_SECTORS}`);
  assert.equal(await inSync(half), REGIONS / 2);
  assert.equal(await inSync(full), REGIONS / 2, 'of the new half the log says nothing');
  assert.equal(bytesOf(log.node, 8, 8).readBigUInt64LE(), BigInt(REGIONS));
  assert.equal(await inSync(half), REGIONS / 2);
  assert.equal(await inSync(mirror.table({ log: `${words} nosync` })), REGIONS, 'nosync speaks for it');
  // The server knows better than the device as long as it serves the mirror.
  sh(`${DMSETUP} remove ${mirror.name}; dd if=/dev/urandom of=${log.node} bs=4k count=1 oflag=direct 2>&1`);
  sh(`${DMSETUP} create ${mirror.name} --table '${full}'`);
  assert.equal((await askStatus()).mirrors[0]?.inSync, 0);
  assert.match(server.output(), /regions are copied again, as the log says nothing of them: \d+:\d+ holds no log/);
  await askOnce(undefined, { command: 'resync', change: { paused: false } });
  await allInSync(mirror);
});
