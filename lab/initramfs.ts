import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type CpioEntry, cpio, fileMode, folderMode } from './cpio.ts';
import { checkout } from './folders.ts';
import type { Kernel } from './kernel.ts';
import { loadOrder } from './modules.ts';

// What it takes to mount the root and to hear the host; the rest comes by modprobe.
const modules = [...['virtio_pci', 'virtio_blk', 'virtio_console', '9pnet_virtio', '9p', 'overlay'], 'dm-mod'];

/** The guest's first file system: busybox, the modules and the two scripts of lab/guest/. */
export async function initramfs(kernel: Kernel): Promise<Buffer> {
  const script = (name: string) => readFile(join(checkout, 'lab/guest', name));
  const order = loadOrder(await readFile(join(kernel.modules, 'modules.dep'), 'utf8'), modules);
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys', 'modules'].map((path) => ({ path, mode: folderMode })),
    { path: 'bin/busybox', mode: fileMode, data: await readFile('/bin/busybox') },
    { path: 'init', mode: fileMode, data: await script('init.sh') },
    { path: 'agent.sh', mode: fileMode, data: await script('agent.sh') },
    {
      path: 'modules/order',
      mode: fileMode,
      data: Buffer.from(order.map((file) => `${basename(file)}\n`).join('')),
    },
  ];
  for (const file of order) {
    const data = await readFile(join(kernel.modules, file));
    entries.push({ path: `modules/${basename(file)}`, mode: fileMode, data });
  }
  return cpio(entries);
}
