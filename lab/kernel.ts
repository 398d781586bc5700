import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from './execute.ts';
import { cacheFolder } from './folders.ts';
import { compressedKernel } from './kernel-image.ts';
import { type KernelSeries, newestKernelPackage } from './kernel-package.ts';
import { LabError } from './lab-error.ts';

export interface Kernel {
  readonly release: string;
  /** An ELF kernel with a PVH entry, or a bzImage where it could not be unpacked. */
  readonly image: string;
  /** The folder to be /lib/modules/RELEASE in the guest. */
  readonly modules: string;
}

/** The kernel of a series out of the cache, fetched from Debian when it is not there. */
export async function kernelOf(series: KernelSeries, say: (line: string) => void): Promise<Kernel> {
  const folder = join(cacheFolder(), series);
  if (!existsSync(folder)) await fetchKernel(series, folder, say);
  const release = (await readdir(join(folder, 'lib/modules')))[0];
  if (!release) throw new LabError(`no modules in ${folder}; remove the folder and try again`);
  return { release, image: join(folder, 'kernel'), modules: join(folder, 'lib/modules', release) };
}

async function fetchKernel(series: KernelSeries, folder: string, say: (line: string) => void): Promise<void> {
  await mkdir(cacheFolder(), { recursive: true });
  // Made aside and renamed when complete: what is interrupted leaves no half a kernel.
  const work = await mkdtemp(join(cacheFolder(), 'fetch-'));
  try {
    await download(series, work, say);
    await unpack(work);
    await rename(join(work, 'root'), folder).catch((error: NodeJS.ErrnoException) => {
      // Another process was faster.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function download(series: KernelSeries, work: string, say: (line: string) => void): Promise<void> {
  const newest = async () => newestKernelPackage(await execute('apt-cache', ['pkgnames']), series);
  const attempt = async () => {
    const name = await newest();
    if (!name) throw new LabError(`apt knows no ${series} kernel; add Debian 12's security suite`);
    say(`lab: fetching ${name}`);
    // As root apt complains that its own user may not write into our folder.
    await execute('apt-get', ['download', '-o', 'APT::Sandbox::User=root', name], work);
  };
  try {
    await attempt();
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    await execute('apt-get', ['update']);
    await attempt();
  }
}

// Most of the 400 MB are drivers of hardware no guest has.
const unused = ['sound', 'drivers/gpu', 'drivers/net', 'drivers/media', 'drivers/infiniband'];

async function unpack(work: string): Promise<void> {
  const root = join(work, 'root');
  const archive = (await readdir(work)).find((name) => name.endsWith('.deb'));
  await execute('dpkg', ['-x', join(work, archive ?? ''), root]);
  const release = (await readdir(join(root, 'lib/modules')))[0] ?? '';
  const modules = join(root, 'lib/modules', release, 'kernel');
  for (const part of unused) await rm(join(modules, part), { recursive: true, force: true });
  await execute('find', [modules, '-name', '*.ko.xz', '-exec', 'xz', '-d', '{}', '+']);
  await execute('depmod', ['-b', root, release]);

  const bzImage = await readFile(join(root, 'boot', `vmlinuz-${release}`));
  const compressed = compressedKernel(bzImage);
  await writeFile(join(root, 'kernel'), compressed ? compressed.data : bzImage);
  if (compressed) {
    const packed = join(root, `kernel.${compressed.unpack}`);
    await rename(join(root, 'kernel'), packed);
    await execute('sh', ['-c', `${compressed.unpack} -dcq "$1" >"$2"`, 'sh', packed, join(root, 'kernel')]);
    await rm(packed);
  }
  await rm(join(root, 'usr'), { recursive: true });
  await rm(join(root, 'boot'), { recursive: true });
}
