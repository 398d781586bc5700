import { setImmediate } from 'node:timers/promises';
import {
  type DeviceNumber,
  DM_FLAGS,
  DM_IOCTL_MAX_SIZE,
  DM_NAME_LIST_NAME_OFFSET,
  DM_VERSION_WANTED,
  type DmCommand,
  DmIoctl,
  DmNameList,
  DmTargetMsg,
  DmTargetSpec,
  decodeDeviceNumber,
  encodeDeviceNumber,
  type View,
} from '../kernel/index.ts';
import { type ControlNode, openControlNode } from './control-node.ts';
import { DmError } from './errors.ts';
import { type Sectors, sectors } from './units.ts';

/** How a device is named to the kernel: by exactly one of these. */
export type DeviceRef = { readonly name: string } | { readonly uuid: string } | DeviceNumber;

/** One line of a table: `start` and `length` on the device, the target's type, its parameters. */
export interface TableLine {
  readonly start: Sectors;
  readonly length: Sectors;
  readonly type: string;
  readonly params: string;
}

/** What the kernel says of a device (`DM_DEV_STATUS`). */
export interface DeviceInfo {
  readonly name: string;
  readonly uuid: string;
  readonly number: DeviceNumber;
  readonly openCount: number;
  readonly eventNr: number;
  readonly targetCount: number;
  readonly suspended: boolean;
  readonly readOnly: boolean;
  /** Whether it has a live table. */
  readonly active: boolean;
  /** Whether a table waits to be resumed. */
  readonly inactive: boolean;
}

/** A device as `DM_LIST_DEVICES` names it. */
export interface ListedDevice {
  readonly name: string;
  readonly number: DeviceNumber;
}

/** How a `DeviceMapper` calls the kernel. */
export interface DeviceMapperOptions {
  /**
   * Make also the calls that may wait in the kernel on this thread: 3 to 5 times faster each, for programs that have
   * nothing else to do meanwhile.
   */
  readonly blocking?: boolean;
}

/** How a message is sent. */
export interface MessageOptions {
  /** The target's sector; ignored by the DM core. */
  readonly sector?: bigint;
  readonly mayWait?: boolean;
  readonly signal?: AbortSignal;
}

/** A DM interface version. */
export interface DmVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

type Header = View<typeof DmIoctl>;

interface Call {
  readonly ref?: DeviceRef;
  readonly flags?: number;
  readonly payload?: Uint8Array;
  /** Room for the kernel's answer, in bytes. */
  readonly room?: number;
  readonly prepare?: (header: Header) => void;
}

interface Answer {
  readonly header: Header;
  readonly bytes: Uint8Array;
}

const alignUp8 = (size: number): number => Math.ceil(size / 8) * 8;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const INITIAL_ROOM = 4 * 1024;
// Each attempt that is too small costs the kernel a whole list: 8 attempts for 10 000 regions took 15 times the last one.
const LIST_ROOM = 128 * 1024;
const GROWTH = 4;

/** A device's reference as people write it. */
export function refText(ref: DeviceRef): string {
  if ('name' in ref) return ref.name;
  return 'uuid' in ref ? ref.uuid : `${ref.major}:${ref.minor}`;
}

/**
 * Device-mapper, through a control node. Calls that can wait in the kernel do so on another thread; those that
 * return at once run on this one.
 *
 * @example
 * using dm = DeviceMapper.open();
 * console.log(await dm.list());
 */
export class DeviceMapper implements Disposable {
  /** The kernel's DM interface version. */
  readonly version: DmVersion;
  readonly #node: ControlNode;
  readonly #blocking: boolean;
  #blockingCalls = 0;
  // Room for answers by kind of request. It grows with the answers seen and stays, so that a large list is not asked
  // for twice each time; by kind, because the kernel copies the whole buffer in at each call.
  readonly #rooms = new Map<string, number>();

  /**
   * @throws DmError EINVAL when the kernel speaks another major version than 4
   */
  constructor(node: ControlNode, { blocking = false }: DeviceMapperOptions = {}) {
    this.#node = node;
    this.#blocking = blocking;
    const [major, minor, patch] = this.#versions();
    this.version = { major, minor, patch };
  }

  /** Opens the kernel's control node; see `openControlNode` for the errors. */
  static open(path?: string, options: DeviceMapperOptions = {}): DeviceMapper {
    const node = openControlNode(path);
    try {
      return new DeviceMapper(node, options);
    } catch (error) {
      node[Symbol.dispose]();
      throw error;
    }
  }

  #versions(): readonly [number, number, number] {
    const { header } = this.#now('DM_VERSION', {});
    const [major] = header.version;
    if (major !== DM_VERSION_WANTED[0]) {
      throw new DmError({
        op: 'DM_VERSION',
        errno: 22,
        reason: `the kernel speaks device-mapper interface ${header.version.join('.')}, this library 4.x`,
      });
    }
    return header.version;
  }

  /** Whether the kernel's interface is at least `4.minor`. */
  supports(minor: number): boolean {
    return this.version.minor >= minor;
  }

  #request(call: Call): Uint8Array {
    const payload = call.payload ?? new Uint8Array(0);
    const bytes = new Uint8Array(Math.max(DmIoctl.size + alignUp8(payload.length), DmIoctl.size + (call.room ?? 0)));
    const header = DmIoctl.at(bytes);
    header.version = DM_VERSION_WANTED;
    header.dataSize = bytes.length;
    header.dataStart = DmIoctl.size;
    header.flags = call.flags ?? 0;
    if (call.ref !== undefined) {
      if ('name' in call.ref) header.name = call.ref.name;
      else if ('uuid' in call.ref) header.uuid = call.ref.uuid;
      else header.dev = encodeDeviceNumber(call.ref);
    }
    call.prepare?.(header);
    bytes.set(payload, DmIoctl.size);
    return bytes;
  }

  #failure(command: DmCommand, call: Call, error: unknown): unknown {
    if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return error;
    const device = call.ref === undefined ? undefined : refText(call.ref);
    const reason =
      error.errno === 6 && device !== undefined && command !== 'DM_DEV_CREATE' ? 'no such device' : undefined;
    const remedy = error.errno === 13 ? 'run as root (CAP_SYS_ADMIN is needed)' : undefined;
    return new DmError({ op: command, errno: error.errno, device, reason, remedy });
  }

  #now(command: DmCommand, call: Call): Answer {
    const bytes = this.#request(call);
    try {
      this.#node.ioctl(command, bytes);
    } catch (error) {
      throw this.#failure(command, call, error);
    }
    return { header: DmIoctl.at(bytes), bytes };
  }

  async #later(command: DmCommand, call: Call, signal?: AbortSignal): Promise<Answer> {
    // The kernel's waits in these calls are not interruptible: a signal that fires later lets the call end.
    signal?.throwIfAborted();
    if (this.#blocking) {
      // Signals and timers get their turn now and then.
      if (++this.#blockingCalls % 16 === 0) await setImmediate();
      return this.#now(command, call);
    }
    const bytes = this.#request(call);
    try {
      await this.#node.ioctlAsync(command, bytes);
    } catch (error) {
      throw this.#failure(command, call, error);
    }
    return { header: DmIoctl.at(bytes), bytes };
  }

  #info({ header }: Answer): DeviceInfo {
    const has = (flag: number): boolean => (header.flags & flag) !== 0;
    return {
      name: header.name,
      uuid: header.uuid,
      number: decodeDeviceNumber(header.dev),
      openCount: header.openCount,
      eventNr: header.eventNr,
      targetCount: header.targetCount,
      suspended: has(DM_FLAGS.SUSPEND),
      readOnly: has(DM_FLAGS.READONLY),
      active: has(DM_FLAGS.ACTIVE_PRESENT),
      inactive: has(DM_FLAGS.INACTIVE_PRESENT),
    };
  }

  /** All devices, by name. */
  async list(): Promise<ListedDevice[]> {
    const answer = await this.#growing('list', (room) => this.#now('DM_LIST_DEVICES', { room }));
    const devices: ListedDevice[] = [];
    if (answer.header.dataSize <= DmIoctl.size) return devices;
    for (let at = answer.header.dataStart; ; ) {
      const entry = DmNameList.at(answer.bytes, at);
      const nameStart = at + DM_NAME_LIST_NAME_OFFSET;
      const nameEnd = answer.bytes.indexOf(0, nameStart);
      if (entry.dev !== 0n) {
        devices.push({
          name: decoder.decode(answer.bytes.subarray(nameStart, nameEnd)),
          number: decodeDeviceNumber(entry.dev),
        });
      }
      if (entry.next === 0) return devices;
      at += entry.next;
    }
  }

  /** Repeats a call with more room until the answer fits. */
  async #growing(kind: string, call: (room: number) => Answer | Promise<Answer>): Promise<Answer> {
    for (;;) {
      const room = this.#rooms.get(kind) ?? (kind === '@stats_list' ? LIST_ROOM : INITIAL_ROOM);
      const answer = await call(room);
      if ((answer.header.flags & DM_FLAGS.BUFFER_FULL) === 0) return answer;
      if (room >= DM_IOCTL_MAX_SIZE / GROWTH) throw new RangeError('the answer is larger than the kernel can give');
      this.#rooms.set(kind, room * GROWTH);
    }
  }

  /** One device's state. @throws DmError ENXIO when there is none */
  async info(ref: DeviceRef): Promise<DeviceInfo> {
    return this.#info(this.#now('DM_DEV_STATUS', { ref }));
  }

  /**
   * Creates a device without a table. @throws DmError EBUSY when the name or uuid is taken, EINVAL for a bad name
   */
  async create(name: string, { uuid = '' }: { readonly uuid?: string } = {}): Promise<DeviceInfo> {
    return this.#info(
      this.#now('DM_DEV_CREATE', {
        ref: { name },
        prepare: (header) => {
          header.uuid = uuid;
        },
      }),
    );
  }

  /**
   * Loads a table into the inactive slot; `resume` makes it live. @throws DmError EINVAL and others of the targets'
   */
  async load(
    ref: DeviceRef,
    table: readonly TableLine[],
    { readOnly = false, signal }: { readonly readOnly?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<DeviceInfo> {
    const records = table.map((line) => {
      const params = encoder.encode(line.params);
      const record = new Uint8Array(alignUp8(DmTargetSpec.size + params.length + 1));
      const spec = DmTargetSpec.at(record);
      spec.sectorStart = line.start;
      spec.length = line.length;
      spec.targetType = line.type;
      spec.next = record.length;
      record.set(params, DmTargetSpec.size);
      return record;
    });
    const prepare = (header: Header): void => {
      header.targetCount = table.length;
    };
    const flags = readOnly ? DM_FLAGS.READONLY : 0;
    return this.#info(
      await this.#later('DM_TABLE_LOAD', { ref, flags, payload: Buffer.concat(records), prepare }, signal),
    );
  }

  /** Makes the loaded table live, or lets I/O go on after a suspend. May wait for I/O in flight. */
  async resume(ref: DeviceRef, { signal }: { readonly signal?: AbortSignal } = {}): Promise<DeviceInfo> {
    return this.#info(await this.#later('DM_DEV_SUSPEND', { ref }, signal));
  }

  /** Removes a device. @throws DmError EBUSY while it is open */
  async remove(ref: DeviceRef, { signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await this.#later('DM_DEV_REMOVE', { ref }, signal);
  }

  /** The live table (`status: false`) or the targets' status text. */
  async table(ref: DeviceRef, { status = false }: { readonly status?: boolean } = {}): Promise<TableLine[]> {
    const flags = status ? 0 : DM_FLAGS.STATUS_TABLE;
    const { header, bytes } = await this.#growing('table', (room) =>
      this.#now('DM_TABLE_STATUS', { ref, flags, room }),
    );
    const lines: TableLine[] = [];
    let at = header.dataStart;
    for (let index = 0; index < header.targetCount; index++) {
      const spec = DmTargetSpec.at(bytes, at);
      const textStart = at + DmTargetSpec.size;
      const text = decoder.decode(bytes.subarray(textStart, bytes.indexOf(0, textStart)));
      lines.push({
        start: sectors(spec.sectorStart),
        length: sectors(spec.length),
        type: spec.targetType,
        params: text,
      });
      at = header.dataStart + spec.next;
    }
    return lines;
  }

  /**
   * Sends a message to the target at `sector`, or to the DM core when it begins with `@`.
   *
   * With `mayWait` it runs on another thread: `@stats_create` waits for the device's I/O in flight.
   *
   * @returns the answer's bytes, or undefined where the message has none
   * @throws DmError ENXIO no such device, EINVAL the message is not understood, and the target's own
   */
  async messageBytes(
    ref: DeviceRef,
    text: string | Uint8Array,
    { sector = 0n, mayWait = false, signal }: MessageOptions = {},
  ): Promise<Uint8Array | undefined> {
    const encoded = typeof text === 'string' ? encoder.encode(text) : text;
    const payload = new Uint8Array(DmTargetMsg.size + encoded.length + 1);
    DmTargetMsg.at(payload).sector = sector;
    payload.set(encoded, DmTargetMsg.size);
    const blank = encoded.indexOf(0x20);
    const word = decoder.decode(blank < 0 ? encoded : encoded.subarray(0, blank));
    // Asking again is safe for the core's messages: the kernel tests the room before it acts (dm-stats.c).
    const { header, bytes } = await this.#growing(word, (room) => {
      const call = { ref, payload, room };
      return mayWait ? this.#later('DM_TARGET_MSG', call, signal) : this.#now('DM_TARGET_MSG', call);
    });
    // Without DATA_OUT, data_start lies behind data_size: there is nothing to read.
    if ((header.flags & DM_FLAGS.DATA_OUT) === 0) return undefined;
    const start = header.dataStart;
    return bytes.subarray(start, Math.max(start, header.dataSize - 1));
  }

  /** The same as `messageBytes`, with the answer as text. */
  async message(ref: DeviceRef, text: string | Uint8Array, options: MessageOptions = {}): Promise<string | undefined> {
    const bytes = await this.messageBytes(ref, text, options);
    return bytes === undefined ? undefined : decoder.decode(bytes);
  }

  [Symbol.dispose](): void {
    this.#node[Symbol.dispose]();
  }
}
