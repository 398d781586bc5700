import { decodeText } from '../kernel/byte-text.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { openKernelLog } from '../system/kernel-log.ts';
import { type ControlNode, openControlNode } from './control-node.ts';
import * as calls from './device-calls.ts';
import { DeviceEvents } from './device-events.ts';
import type { ChangedDevice, DeviceInfo } from './device-info.ts';
import { listDevices, listOnce } from './device-list.ts';
import type { DeviceRef } from './device-ref.ts';
import { deviceTable } from './event-diff.ts';
import { EventStream } from './event-stream.ts';
import { KernelReasons } from './kernel-reasons.ts';
import { armCall, targetVersionCall, versionCall, versionsCall } from './list-calls.ts';
import type { DmVersion, ListedDevice, ListFilter, TargetVersion } from './listing.ts';
import { type MessageOptions, sendMessage } from './message.ts';
import type {
  CreateOptions,
  DeviceMapperOptions,
  Geometry,
  LoadOptions,
  Removal,
  RemoveAllOptions,
  RemoveOptions,
  StatusOptions,
  SuspendOptions,
  TableOptions,
  TableSlot,
  UeventOptions,
  WaitOptions,
} from './options.ts';
import { Requester } from './requester.ts';
import { StandingMessage } from './standing-message.ts';
import { type SuspendGuard, suspendGuarded } from './suspend-guard.ts';
import { clearCall, dependenciesCall, loadCall, tableCall } from './table-calls.ts';
import type { TableLine } from './table-line.ts';
import { waitForEvent } from './wait-for-event.ts';

const ROOM = 4 * 1024;

/**
 * Device-mapper, through a control node. Calls that can wait in the kernel do so on another thread; those that
 * return at once run on this one.
 *
 * Names, uuids and parameters are bytes to the kernel. What is no UTF-8 in them comes as lone surrogates and goes back
 * as the same bytes (`decodeText`, `encodeText` of `devicemapper/kernel`). Every call about a device throws DmError ENXIO
 * when there is none, EACCES without CAP_SYS_ADMIN, and UsageError for a reference that the kernel would cut; below
 * stands what comes on top. Source of all: drivers/md/dm-ioctl.c.
 *
 * @example
 * using dm = DeviceMapper.open();
 * console.log(await dm.list());
 */
export class DeviceMapper implements Disposable {
  /** The kernel's DM interface version. */
  readonly version: DmVersion;
  readonly #node: ControlNode;
  readonly #requester: Requester;
  readonly #reasons: KernelReasons;
  readonly #events: DeviceEvents;

  /** @throws DmError EINVAL: the kernel speaks another major version than 4, or one before 4.37 (Linux 4.14) */
  constructor(node: ControlNode, { blocking = false, kernelLog = () => undefined }: DeviceMapperOptions = {}) {
    this.#node = node;
    this.#requester = new Requester(node, blocking);
    this.#reasons = new KernelReasons(this.#requester, kernelLog);
    this.version = this.#requester.now(versionCall());
    this.#events = new DeviceEvents(node);
  }

  /** Opens the kernel's control node; see `openControlNode` for the errors. */
  static open(path?: string, options: DeviceMapperOptions = {}): DeviceMapper {
    const node = openControlNode(path);
    try {
      return new DeviceMapper(node, { kernelLog: openKernelLog, ...options });
    } catch (error) {
      node[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether the kernel's interface is at least `4.minor`. */
  supports(minor: number): boolean {
    return this.version.minor >= minor;
  }

  /** All devices, or those whose name and uuid have the given prefixes, by name (`DM_LIST_DEVICES`). */
  async list(filter: ListFilter = {}): Promise<ListedDevice[]> {
    return listDevices(this.#requester, this.version, filter);
  }

  /** The targets that the kernel has loaded, the last one first (`DM_LIST_VERSIONS`). */
  async targetVersions(): Promise<TargetVersion[]> {
    return this.#requester.listNow('versions', ROOM, versionsCall());
  }

  /**
   * One target's version; the kernel loads its module first if need be (`DM_GET_TARGET_VERSION`, Linux 5.4).
   *
   * @throws DmError EINVAL when the kernel has no such target, ENOTTY on an older kernel; UsageError for an impossible type
   */
  async targetVersion(type: string, { signal }: WaitOptions = {}): Promise<DmVersion> {
    return this.#requester.listLater('version', ROOM, targetVersionCall(type), signal);
  }

  /** One device's state; with `inactive`, `targetCount` and `readOnly` are the inactive table's (`DM_DEV_STATUS`). */
  async info(ref: DeviceRef, slot: TableSlot = {}): Promise<DeviceInfo> {
    return this.#requester.now(calls.statusCall(ref, slot));
  }

  /**
   * Creates a device without a table (`DM_DEV_CREATE`).
   *
   * @throws DmError EBUSY when the name or uuid is taken, ENXIO when the minor number is; UsageError for a name, uuid or
   *   minor number that no device can have
   */
  async create(name: string, options: CreateOptions = {}): Promise<DeviceInfo> {
    return this.#requester.now(calls.createCall(name, options, this.version.minor));
  }

  /**
   * Renames a device (`DM_DEV_RENAME`). The kernel finds it by its old name only: for another reference that is asked
   * for first.
   *
   * @throws DmError EBUSY when the name is taken, also by the device itself; UsageError for a name that none can have
   */
  async rename(ref: DeviceRef, name: string, { cookie = 0 }: UeventOptions = {}): Promise<calls.Renaming> {
    return this.#requester.now(calls.renameCall(this.#nameOf(ref), name, cookie, this.version.minor));
  }

  /**
   * Gives a device that has none its uuid, once and for all (`DM_DEV_RENAME`); see `rename`.
   *
   * @throws DmError EBUSY when the uuid is taken, EINVAL when the device has one; UsageError for one that none can have
   */
  async setUuid(ref: DeviceRef, uuid: string, { cookie = 0 }: UeventOptions = {}): Promise<calls.Renaming> {
    return this.#requester.now(calls.setUuidCall(this.#nameOf(ref), uuid, cookie));
  }

  #nameOf(ref: DeviceRef): string {
    return 'name' in ref ? ref.name : this.#requester.now(calls.statusCall(ref)).name;
  }

  /**
   * Removes a device (`DM_DEV_REMOVE`).
   *
   * @throws DmError EBUSY while it is open, unless `deferred`
   */
  async remove(ref: DeviceRef, options: RemoveOptions = {}): Promise<Removal> {
    return this.#requester.later(calls.removeCall(ref, options), options.signal);
  }

  /** Takes a deferred removal back, if there is one (drivers/md/dm.c, `dm_cancel_deferred_remove`). */
  async cancelDeferredRemove(ref: DeviceRef): Promise<void> {
    await this.messageBytes(ref, '@cancel_deferred_remove');
  }

  /** Removes all devices that are not open; with `deferred` the open ones later (`DM_REMOVE_ALL`). Ends in silence. */
  async removeAll(options: RemoveAllOptions = {}): Promise<void> {
    await this.#requester.later(calls.removeAllCall(options), options.signal);
  }

  /**
   * Loads a table into the inactive slot; `resume` makes it live (`DM_TABLE_LOAD`). A refusal leaves everything as it
   * was, and carries the kernel's own reason where its log can be read.
   *
   * @throws DmError EINVAL and others of the targets'; UsageError for gaps and the like, see `checkTable`
   */
  async load(ref: DeviceRef, table: readonly TableLine[], options: LoadOptions = {}): Promise<DeviceInfo> {
    const call = loadCall(ref, table, options);
    return this.#reasons.during(ref, () => this.#requester.later(call, options.signal));
  }

  /** Throws the table in the inactive slot away, if there is one (`DM_TABLE_CLEAR`). */
  async clear(ref: DeviceRef, { signal }: WaitOptions = {}): Promise<DeviceInfo> {
    return this.#requester.later(clearCall(ref), signal);
  }

  /**
   * Holds a device's I/O back, after what is in flight has ended (`DM_DEV_SUSPEND`). One that is suspended stays so.
   * `suspended` is safer: it resumes by itself.
   *
   * @throws DmError EINTR, EBUSY and the errors of a file system that cannot be frozen
   */
  async suspend(ref: DeviceRef, options: SuspendOptions = {}): Promise<DeviceInfo> {
    return this.#requester.later(calls.suspendCall(ref, options), options.signal);
  }

  /**
   * Makes the loaded table live, or lets I/O go on after a suspend (`DM_DEV_SUSPEND`). May wait for I/O in flight.
   *
   * @throws DmError EINVAL when the loaded table does not fit the devices under it: it is gone, the old one is still
   *   live, the device stays suspended. The targets' errors come when the new table is live already, and suspended.
   */
  async resume(ref: DeviceRef, options: SuspendOptions & UeventOptions = {}): Promise<ChangedDevice> {
    const call = calls.resumeCall(ref, options, options.cookie ?? 0);
    return this.#reasons.during(ref, () => this.#requester.later(call, options.signal));
  }

  /**
   * Suspends a device until the guard is disposed of, also when what lies between throws: `await using guard = await
   * dm.suspended(ref)`. Guards do not nest: the first one that ends resumes the device, also one that was suspended
   * before. A program must not touch files on the device meanwhile, nor log or swap to it: it would wait for itself.
   *
   * @throws DmError EINVAL for a device without a live table, which nothing could resume; and those of `suspend`
   */
  async suspended(ref: DeviceRef, options: SuspendOptions = {}): Promise<SuspendGuard> {
    return suspendGuarded(this, ref, options);
  }

  /** The live table, empty when there is none (`DM_TABLE_STATUS`). It may hold keys. */
  async table(ref: DeviceRef, options: TableOptions = {}): Promise<TableLine[]> {
    return this.#requester.listNow('table', ROOM, tableCall(ref, 'table', options));
  }

  /** The targets' status texts, as `params` (`DM_TABLE_STATUS`). Thin pools and caches write their metadata first. */
  async status(ref: DeviceRef, options: StatusOptions = {}): Promise<TableLine[]> {
    return this.#requester.listLater('status', ROOM, tableCall(ref, 'status', options), options.signal);
  }

  /**
   * The texts that IMA would measure, as `params` (`DM_TABLE_STATUS`, Documentation/admin-guide/device-mapper/dm-ima.rst).
   * Kernels before 5.15 answer with the status.
   */
  async measurement(ref: DeviceRef, slot: TableSlot = {}): Promise<TableLine[]> {
    return this.#requester.listNow('measurement', ROOM, tableCall(ref, 'measurement', slot));
  }

  /** The devices that a device's table uses, the last opened first (`DM_TABLE_DEPS`). */
  async dependencies(ref: DeviceRef, slot: TableSlot = {}): Promise<DeviceNumber[]> {
    return this.#requester.listNow('deps', ROOM, dependenciesCall(ref, slot));
  }

  /** Sets what `HDIO_GETGEO` tells (`DM_DEV_SET_GEOMETRY`). @throws UsageError for an impossible geometry */
  async setGeometry(ref: DeviceRef, geometry: Geometry): Promise<void> {
    this.#requester.now(calls.geometryCall(ref, geometry));
  }

  /**
   * Sends a message to the target at `sector`, or to the DM core when it begins with `@` (`DM_TARGET_MSG`).
   *
   * @returns the answer's bytes, or undefined where the message has none
   * @throws DmError EINVAL the message is not understood, ENOBUFS the answer did not fit: the target has done what it was
   *   told, and is not told again; and the target's own. UsageError for a NUL byte
   */
  async messageBytes(
    ref: DeviceRef,
    text: string | Uint8Array,
    options: MessageOptions = {},
  ): Promise<Uint8Array | undefined> {
    return sendMessage(this.#requester, ref, text, options, (bytes) => bytes.slice());
  }

  /** The same as `messageBytes`, with the answer as text. */
  async message(ref: DeviceRef, text: string | Uint8Array, options: MessageOptions = {}): Promise<string | undefined> {
    return sendMessage(this.#requester, ref, text, options, decodeText);
  }

  /** A message that changes nothing, to be sent again and again. @param text ASCII, beginning with `@stats_` */
  standingMessage(ref: DeviceRef, text: string): StandingMessage {
    return new StandingMessage(this.#requester, ref, text);
  }

  /**
   * What happens to all devices from now on: `for await (const event of dm.events({ signal }))`. All loops of the process
   * share one wait on the control node and one list, which end with the last of them. Each change of the list is told
   * once; what came and went between two looks, a new table, or a suspend is not. Know devices by `number`: names may be
   * swapped. Uuids are empty before Linux 5.13.
   *
   * @throws DmError EACCES, ENOMEM when there is no list; in the loop also EBADF when the `DeviceMapper` is disposed of,
   *   and the signal's reason
   */
  events({ signal }: WaitOptions = {}): EventStream {
    return new EventStream(this.#events, deviceTable(listOnce(this.#requester, this.version)), signal);
  }

  /**
   * Waits until a device's event number is another than `eventNr`; at once when it is. In place of `DM_DEV_WAIT`, which
   * cannot be cancelled and keeps its thread, and with it the process, until the event comes.
   *
   * @throws DmError ENXIO also when the device is removed meanwhile; the signal's reason
   */
  async waitForEvent(ref: DeviceRef, eventNr: number, { signal }: WaitOptions = {}): Promise<DeviceInfo> {
    signal?.throwIfAborted();
    return waitForEvent(this.events({ signal }), (one) => this.info(one), ref, eventNr);
  }

  /**
   * Forgets the events so far: the control node's `eventsPending` waits for the next (`DM_DEV_ARM_POLL`). For programs
   * with a loop of their own; `events` does without, and misses nothing by this call.
   */
  async armPoll(): Promise<void> {
    this.#requester.now(armCall());
  }

  /** Closes the control node. Loops over `events` end with DmError EBADF. */
  [Symbol.dispose](): void {
    this.#events.close();
    this.#node[Symbol.dispose]();
  }
}
