import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedFileSystem, SimulatedKernel } from '../../src/simulator/index.ts';

export const BLOCK = 4096;
export const FILE = '/data';
export const MEMORY = { cpus: 2, limitBytes: 1 << 30, usedBytes: 0 };

/** A written file whose blocks lie apart from each other, on the device `vol`. */
export async function scatteredFile(blocks: number) {
  const kernel = new SimulatedKernel();
  const { number } = kernel.addDevice('vol', { sectors: 2 ** 16 });
  const fs = new SimulatedFileSystem(kernel, number, { seed: 5 });
  const dm = new DeviceMapper(kernel.openControl());
  fs.create(FILE);
  fs.longestRun = 1;
  fs.write(FILE, 0, blocks * BLOCK);
  await kernel.clock.advance(1);
  return { kernel, number, fs, dm, file: fs.open(FILE) };
}
