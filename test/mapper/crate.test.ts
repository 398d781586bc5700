import assert from 'node:assert/strict';
import test from 'node:test';
import { type DmCommand, DmIoctl } from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { hasCode } from '../../src/system/errors.ts';
import { crateCases } from './crate-cases.ts';

function isModelled(command: DmCommand): boolean {
  const bytes = new Uint8Array(DmIoctl.size);
  const header = DmIoctl.at(bytes);
  header.version = [4, 0, 0];
  header.dataSize = bytes.length;
  try {
    new SimulatedKernel().openControl().ioctl(command, bytes);
    return true;
  } catch (error) {
    return !hasCode(error, 'ENOTTY');
  }
}

for (const { name, needs = [], run } of crateCases) {
  const missing = needs.find((command) => !isModelled(command));
  test(`${name}, on the simulator`, { skip: missing !== undefined && `${missing} is not modelled` }, async () => {
    await run(new DeviceMapper(new SimulatedKernel().openControl()), 'crate-');
  });
}

test('the simulator models what most of the crate’s cases need', () => {
  assert.ok(crateCases.filter(({ needs = [] }) => needs.every(isModelled)).length >= 11);
});
