import { statfsSync } from 'node:fs';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { RawExtent } from '../system/fiemap.ts';
import { isOnRealtimeDevice } from '../system/fsxattr.ts';
import type { Extents } from './extents.ts';
import { extentsOf, mappedOf } from './fiemap-file.ts';
import type { Located } from './file-view.ts';
import { checkFileSystem } from './refusals.ts';
import { type DataFile, dataFileOf } from './stack/data-file.ts';
import { directWay } from './stack/direct-way.ts';
import type { WayMapper } from './stack/nodes.ts';
import { type Placement, placementOf, runsBelow, throughParts } from './stack/parts.ts';
import type { Way } from './stack/way.ts';

/** Where the data of an open file lies. The descriptor stays its owner's. */
export class LocatedFd implements Disposable {
  readonly #fd: number;
  #data: DataFile | undefined;
  #way: Way | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** See `FileView.located`. */
  get located(): Located | undefined {
    const way = this.#way;
    if (way === undefined) return undefined;
    const { path } = this.#data ?? {};
    return { device: way.device, files: path === undefined ? way.files : [path, ...way.files] };
  }

  /** See `FileView.locate`. */
  async locate(dm: WayMapper, level: DeviceNumber | undefined): Promise<DeviceNumber> {
    const before = this.#data;
    const data = before?.isStill() === true ? before : await dataFileOf(this.#fd);
    let way: Way | undefined;
    try {
      checkFileSystem(data.magic, () => isOnRealtimeDevice(data.fd));
      way = await directWay(dm, data.device, level);
      // What reads tables knows all targets, which is more to load than all the rest of a command.
      way ??= await (await import('./stack/way.ts')).findWay(dm, data.device, level);
    } finally {
      if (way === undefined && data !== before) data[Symbol.dispose]();
    }
    if (data !== before) before?.[Symbol.dispose]();
    this.#way?.[Symbol.dispose]();
    // Together: extents of one file on the way of another would be others' sectors.
    [this.#data, this.#way] = [data, way];
    return way.device;
  }

  /** The magic number of the file system that has the data, as far as it was located. */
  fileSystem(): number {
    return this.#data?.magic ?? statfsSync(`/proc/self/fd/${this.#fd}`).type;
  }

  isRealtime(): boolean {
    return isOnRealtimeDevice(this.#data?.fd ?? this.#fd);
  }

  /** See `FileView.extents`. */
  extents(options?: { readonly sync?: boolean }): Promise<RawExtent[]> {
    return extentsOf(this.#data?.fd ?? this.#fd, options);
  }

  /** See `FileView.mapped`. */
  async mapped(options: { readonly sync?: boolean } = {}): Promise<Extents> {
    const [data, way] = [this.#data, this.#way];
    const extents = await mappedOf(data?.fd ?? this.#fd, options);
    return way === undefined ? extents : way.compose(extents, options.sync ?? false);
  }

  /** See `FileView.placed`. */
  async placed(): Promise<Placement> {
    const [data, way] = [this.#data, this.#way];
    const above = placementOf(await extentsOf(data?.fd ?? this.#fd));
    if (way === undefined) return above;
    const { parts, missing } = throughParts(above.parts, await way.parts(runsBelow(above.parts)));
    return { parts, unplaced: [...above.unplaced, ...missing].sort((a, b) => a.start - b.start) };
  }

  [Symbol.dispose](): void {
    this.#way?.[Symbol.dispose]();
    this.#data?.[Symbol.dispose]();
  }
}
