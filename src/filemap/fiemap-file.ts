import { fiemap, type RawExtent } from '../system/fiemap.ts';
import { ExtentCollector, type Extents } from './extents.ts';

/** All extents of an open file, as FIEMAP tells them. */
export async function extentsOf(
  fd: number,
  options: { readonly sync?: boolean; readonly from?: bigint } = {},
): Promise<RawExtent[]> {
  const extents: RawExtent[] = [];
  await fiemap(fd, options, (logical, physical, length, flags) => {
    extents.push({ logical: BigInt(logical), physical: BigInt(physical), length: BigInt(length), flags });
  });
  return extents;
}

/** The runs of sectors of an open file, on the device of its file system. */
export async function mappedOf(fd: number, options: { readonly sync?: boolean } = {}): Promise<Extents> {
  const collector = new ExtentCollector();
  await fiemap(fd, options, (_logical, physical, length, flags) => collector.add(physical, length, flags));
  return collector.extents();
}
