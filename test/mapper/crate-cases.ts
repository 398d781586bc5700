/**
 * What the tests of the Rust crate `devicemapper` that need root assert of its `DM` type, put to this library: each is
 * run on the simulator and on a real kernel.
 */
import assert from 'node:assert/strict';
import type { DmCommand } from '../../src/kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';

export interface CrateCase {
  readonly name: string;
  /** Requests that a simulator may not model. */
  readonly needs?: readonly DmCommand[];
  /** Leaves no device behind but such whose names begin with `prefix`. */
  run(dm: DeviceMapper, prefix: string): Promise<void>;
}

const NOTHING = { code: 'ENXIO', reason: 'no such device' };

export const crateCases: readonly CrateCase[] = [
  {
    name: 'version is 4.x',
    async run(dm) {
      assert.equal(dm.version.major, 4);
    },
  },
  {
    name: 'targetVersions() has linear',
    needs: ['DM_LIST_VERSIONS'],
    async run(dm) {
      const linear = (await dm.targetVersions()).find(({ type }) => type === 'linear');
      assert.equal(linear?.version.major, 1);
    },
  },
  {
    name: 'list() is empty when there are no devices',
    async run(dm, prefix) {
      assert.deepEqual(await dm.list({ namePrefix: prefix }), []);
    },
  },
  {
    name: 'list() has the one device that there is',
    async run(dm, prefix) {
      const { number } = await dm.create(`${prefix}one`);
      assert.deepEqual(await dm.list({ namePrefix: prefix }), [{ name: `${prefix}one`, uuid: '', number, eventNr: 0 }]);
    },
  },
  {
    name: 'create() without a uuid tells name and number',
    async run(dm, prefix) {
      const made = await dm.create(`${prefix}one`);
      assert.equal(made.name, `${prefix}one`);
      assert.equal(made.uuid, '');
      assert.notEqual(made.number.major, 0);
      assert.deepEqual((await dm.info({ name: `${prefix}one` })).number, made.number);
    },
  },
  {
    name: 'create() with a uuid is found by it',
    async run(dm, prefix) {
      const made = await dm.create(`${prefix}one`, { uuid: `${prefix}uuid` });
      assert.equal(made.uuid, `${prefix}uuid`);
      assert.deepEqual(await dm.info({ uuid: `${prefix}uuid` }), made);
    },
  },
  {
    name: 'setUuid() refuses another uuid',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      await dm.create(`${prefix}one`, { uuid: `${prefix}uuid` });
      await assert.rejects(dm.setUuid({ name: `${prefix}one` }, `${prefix}other`), { code: 'EINVAL' });
      assert.equal((await dm.info({ name: `${prefix}one` })).uuid, `${prefix}uuid`);
    },
  },
  {
    name: 'setUuid() refuses the uuid that the device has',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      await dm.create(`${prefix}one`, { uuid: `${prefix}uuid` });
      await assert.rejects(dm.setUuid({ name: `${prefix}one` }, `${prefix}uuid`), { code: 'EBUSY' });
    },
  },
  {
    name: 'setUuid() gives a uuid to a device without',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      const { number } = await dm.create(`${prefix}one`);
      assert.deepEqual((await dm.setUuid({ name: `${prefix}one` }, `${prefix}uuid`)).number, number);
      assert.equal((await dm.info({ uuid: `${prefix}uuid` })).name, `${prefix}one`);
    },
  },
  {
    name: 'rename() refuses the device’s own name',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      await dm.create(`${prefix}one`);
      await assert.rejects(dm.rename({ name: `${prefix}one` }, `${prefix}one`), { code: 'EBUSY' });
    },
  },
  {
    name: 'rename() moves a device to a new name and frees the old one',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      const { number } = await dm.create(`${prefix}one`);
      await dm.rename({ name: `${prefix}one` }, `${prefix}two`);
      assert.deepEqual((await dm.info({ name: `${prefix}two` })).number, number);
      await assert.rejects(dm.info({ name: `${prefix}one` }), NOTHING);
      assert.notDeepEqual((await dm.create(`${prefix}one`)).number, number);
    },
  },
  {
    name: 'rename() of nothing is ENXIO',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      await assert.rejects(dm.rename({ name: `${prefix}none` }, `${prefix}two`), NOTHING);
    },
  },
  {
    name: 'remove() of nothing is ENXIO',
    async run(dm, prefix) {
      await assert.rejects(dm.remove({ name: `${prefix}none` }), NOTHING);
    },
  },
  {
    name: 'dependencies() of a device without a table are none',
    async run(dm, prefix) {
      await dm.create(`${prefix}one`);
      assert.deepEqual(await dm.dependencies({ name: `${prefix}one` }), []);
    },
  },
  {
    name: 'status() and table() of nothing are ENXIO',
    async run(dm, prefix) {
      await assert.rejects(dm.status({ name: `${prefix}none` }), NOTHING);
      await assert.rejects(dm.table({ name: `${prefix}none` }), NOTHING);
    },
  },
  {
    name: 'status() and table() of a device without a table are empty',
    async run(dm, prefix) {
      await dm.create(`${prefix}one`);
      assert.deepEqual(await dm.status({ name: `${prefix}one` }, { noflush: true }), []);
      assert.deepEqual(await dm.table({ name: `${prefix}one` }), []);
    },
  },
  {
    name: 'info() of nothing is ENXIO',
    async run(dm, prefix) {
      await assert.rejects(dm.info({ name: `${prefix}none` }), NOTHING);
    },
  },
  {
    name: 'create() refuses a name or a uuid that is taken',
    async run(dm, prefix) {
      await dm.create(`${prefix}one`, { uuid: `${prefix}uuid` });
      const taken = { code: 'EBUSY', reason: 'the name or the uuid is taken' };
      await assert.rejects(dm.create(`${prefix}one`, { uuid: `${prefix}uuid` }), taken);
      await assert.rejects(dm.create(`${prefix}one`), taken);
      await assert.rejects(dm.create(`${prefix}one`, { uuid: `${prefix}other` }), taken);
      await assert.rejects(dm.create(`${prefix}two`, { uuid: `${prefix}uuid` }), taken);
      assert.equal((await dm.list({ namePrefix: prefix })).length, 1);
    },
  },
  {
    name: 'a device lives and goes without udev',
    needs: ['DM_DEV_RENAME'],
    async run(dm, prefix) {
      const ref = { name: `${prefix}one` };
      await dm.create(ref.name);
      await dm.load(ref, [{ start: sectors(0), length: sectors(8), type: 'zero', params: '' }]);
      assert.equal((await dm.resume(ref)).active, true);
      assert.equal((await dm.rename(ref, `${prefix}two`)).uevent, true);
      assert.deepEqual(await dm.remove({ name: `${prefix}two` }), { deferred: false, uevent: true });
      assert.deepEqual(await dm.list({ namePrefix: prefix }), []);
    },
  },
];
