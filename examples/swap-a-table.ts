// Swaps a device's table: first shown, then done, then one that cannot be, which leaves the device as it was.
// Runs in the simulator, so without root; on a real machine leave `kernel` and `machine` out.
import assert from 'node:assert/strict';
import { DeviceMapper, parseTable } from 'devicemapper';
import { applySwap, prepareSwap, SwapError, swapTable } from 'devicemapper/devices';
import { SimulatedKernel, simulatedMachine } from 'devicemapper/testing';

const kernel = new SimulatedKernel();
kernel.addDevice('volume', { sectors: 2048 });
kernel.addDisk({ sectors: 8192 });
const options = { machine: simulatedMachine(kernel) };
using dm = new DeviceMapper(kernel.openControl());

const table = parseTable('0 4096 linear 8:16 0');
const plan = await prepareSwap(dm, { name: 'volume' }, { table }, options);
console.log(plan.toString());
await applySwap(dm, plan, options);

try {
  const beyond = parseTable('0 8192 linear 8:16 4096');
  await swapTable(dm, { name: 'volume' }, { table: beyond }, { ...options, check: false });
} catch (error) {
  if (!(error instanceof SwapError)) throw error;
  console.log(error.message);
}
assert.deepEqual(await dm.table({ name: 'volume' }), table);
assert.equal((await dm.info({ name: 'volume' })).suspended, false);
