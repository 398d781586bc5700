import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { decodeDeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
import { extentsOf } from '../fiemap-file.ts';
import { OVERLAYFS_MAGIC, withoutFiemap } from '../refusals.ts';
import { type DataFile, dataFileOf } from './data-file.ts';
import { overlayPlace } from './overlay-layers.ts';

const magicOf = (path: string): number => statfsSync(path).type;

/** The file that holds the data of one on an overlay; see `dataFileOf`. */
export async function overlaidFile(fd: number): Promise<DataFile> {
  const path = pathOf(fd);
  const mountId = Number(/^mnt_id:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1]);
  const place = overlayPlace(readFileSync('/proc/self/mountinfo', 'latin1'), mountId, path);
  if (place === undefined) {
    throw new UsageError(
      'Cannot map file: it lies on an overlay that is mounted in another mount name space; map the file in the upper or ' +
        'lower folder that holds its data',
    );
  }
  const above: string[] = [];
  for (const layer of place.layers) {
    const candidate = `${layer}${place.path}`;
    const opened = openRegular(candidate);
    if (opened !== undefined) {
      const isStill = (): boolean => pathOf(fd) === path && !above.some(exists);
      const data = await takeWhereSame(fd, opened, candidate, isStill);
      if (data !== undefined) return data;
    }
    above.push(candidate);
  }
  return undividedFile(fd, place.layers);
}

/** The name that a descriptor was opened by, or has been renamed to. */
function pathOf(fd: number): string {
  const path = readlinkSync(`/proc/self/fd/${fd}`);
  return fstatSync(fd).nlink === 0 ? path.replace(/ \(deleted\)$/, '') : path;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Undefined for what is no regular file: the marks of removed files are devices, which must not be opened. */
function openRegular(path: string): number | undefined {
  try {
    if (!path.startsWith('/') || !lstatSync(path).isFile()) return undefined;
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
}

// Its writers may change a file between the two looks.
const TRIES = 5;

/**
 * Whether an overlay's file has its data in a file of a layer: the overlay passes FIEMAP on to the file that it reads
 * (fs/overlayfs/inode.c, `ovl_fiemap`). A file of the same name may be hidden, or hold attributes only (metacopy).
 */
async function isSameData(overlaid: number, candidate: number): Promise<boolean> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const [a, b] = [overlaid, candidate].map((fd) => fstatSync(fd, { bigint: true }));
    if (a?.size !== b?.size || a?.mtimeNs !== b?.mtimeNs) continue;
    const [ofOverlay, ofCandidate] = [await told(overlaid), await told(candidate)];
    if (ofOverlay === ofCandidate) return true;
  }
  return false;
}

async function told(fd: number): Promise<string> {
  try {
    const extents = await extentsOf(fd);
    return extents
      .map(({ logical, physical, length, flags }) => `${logical} ${physical} ${length} ${flags}`)
      .join('\n');
  } catch (error) {
    if (hasCode(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOTTY')) throw withoutFiemap();
    throw error;
  }
}

/** A file of a layer, which may itself be on an overlay; closed unless it holds the data. */
async function takeWhereSame(
  overlaid: number,
  fd: number,
  path: string,
  isStill: () => boolean,
): Promise<DataFile | undefined> {
  let data: DataFile | undefined;
  try {
    if (await isSameData(overlaid, fd)) data = await dataFileOf(fd);
  } finally {
    if (data === undefined) closeSync(fd);
  }
  return (
    data && {
      ...data,
      path: data.path ?? path,
      isStill: () => isStill() && data.isStill(),
      [Symbol.dispose]() {
        data[Symbol.dispose]();
        closeSync(fd);
      },
    }
  );
}

/** Where all layers are on one device it does not matter which of them has the data, under whatever name (redirect_dir). */
function undividedFile(fd: number, layers: readonly string[]): DataFile {
  const devices = new Set(layers.map(deviceAt));
  const [device] = devices;
  const [top = ''] = layers;
  if (device === undefined || devices.size > 1 || magicOf(top) === OVERLAYFS_MAGIC || !isOver(fd, top)) {
    throw new UsageError(
      'Cannot map file: it lies on an overlay; which device has its data cannot be told, because its layers are not to be ' +
        'seen here, or are on several devices and none has the data under its name; map the file in the upper or lower ' +
        'folder that holds its data',
    );
  }
  const number = decodeDeviceNumber(device);
  return { fd, device: number, magic: magicOf(top), path: undefined, isStill: () => true, [Symbol.dispose]() {} };
}

function deviceAt(layer: string): bigint | undefined {
  return layer.startsWith('/') ? statSync(layer, { bigint: true, throwIfNoEntry: false })?.dev : undefined;
}

/**
 * Whether a folder is on the file system of an overlay's topmost layer: by its name alone it may be another one, seen from
 * another root. An overlay tells the numbers of that file system as its own (fs/overlayfs/super.c, `ovl_statfs`).
 */
function isOver(overlaid: number, layer: string): boolean {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const [a, b] = [statfsSync(`/proc/self/fd/${overlaid}`), statfsSync(layer)];
    const names = ['bsize', 'blocks', 'bfree', 'files', 'ffree'] as const;
    if (names.every((name) => a[name] === b[name])) return true;
  }
  return false;
}
