import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import type { DeviceRef } from '../mapper/device-ref.ts';
import { mangledName, unmangledName } from '../mapper/mangle.ts';
import type { DeviceFacts, RelatedDevice } from '../report/device-facts.ts';
import type { BlockDevices, BlockNumber } from '../system/block-devices.ts';

/** Reads what reports say of devices; the list of all devices is read once. */
export class DeviceFactsReader {
  readonly #dm: DeviceMapper;
  readonly #blocks: BlockDevices;
  readonly #shown: (name: string) => string;
  #names: Promise<ReadonlyMap<string, string>> | undefined;

  constructor(dm: DeviceMapper, blocks: BlockDevices, env: NodeJS.ProcessEnv) {
    this.#dm = dm;
    this.#blocks = blocks;
    this.#shown = (name) => unmangledName(name, env);
  }

  /** @throws DmError ENXIO when there is no such device */
  async read(ref: DeviceRef): Promise<DeviceFacts> {
    const info = await this.#dm.info(ref);
    this.#names ??= this.#listNames();
    const names = await this.#names;
    const number = blockNumber(info.number);
    const dependencies = await this.#dm.dependencies(info.number);
    const related = (numbers: readonly BlockNumber[]): RelatedDevice[] =>
      numbers.map((one) => ({ number: parted(one), blockName: this.#blocks.name(one), name: names.get(one) }));
    return {
      name: this.#shown(info.name),
      mangledName: mangledName(info.name),
      unmangledName: unmangledName(info.name),
      uuid: info.uuid,
      mangledUuid: mangledName(info.uuid),
      unmangledUuid: unmangledName(info.uuid),
      info,
      blockName: this.#blocks.name(number),
      readAheadSectors: this.#blocks.readAheadSectors(number),
      uses: related(dependencies.map(blockNumber)),
      usedBy: related(this.#blocks.holders(number))
        .filter(({ name }) => name !== undefined)
        .sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)),
    };
  }

  async #listNames(): Promise<ReadonlyMap<string, string>> {
    const devices = await this.#dm.list();
    return new Map(devices.map(({ name, number }) => [blockNumber(number), this.#shown(name)]));
  }
}

function blockNumber({ major, minor }: DeviceNumber): BlockNumber {
  return `${major}:${minor}`;
}

function parted(number: BlockNumber): DeviceNumber {
  const [major = 0, minor = 0] = number.split(':').map(Number);
  return { major, minor };
}
