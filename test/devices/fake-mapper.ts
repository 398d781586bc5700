/** Device-mapper in memory, as far as this room uses it: also thin pools' numbers, which every call may fail at. */

import type { Mapper } from '../../src/devices/mapper.ts';
import type { DeviceNumber } from '../../src/kernel/dm-ioctl.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import type { ChangedDevice } from '../../src/mapper/device-info.ts';
import type { DeviceRef } from '../../src/mapper/device-ref.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { checkTable, type TableLine } from '../../src/mapper/table-line.ts';

interface FakeTable {
  readonly lines: readonly TableLine[];
  readonly readOnly: boolean;
}

export interface FakeDevice {
  name: string;
  readonly uuid: string;
  readonly number: DeviceNumber;
  live: FakeTable | undefined;
  inactive: FakeTable | undefined;
  suspended: boolean;
  /** The pool's thin devices. */
  readonly ids: Set<number>;
  /** What `status` answers, the last one again and again. */
  statuses: string[];
}

/** What becomes of a table that does not start: the old one stays live, or the new one is. */
export type FailedStart = { readonly errno: number; readonly live: 'old' | 'new' };

export class FakeMapper implements Mapper {
  readonly devices = new Map<string, FakeDevice>();
  /** All calls that change something, such as `load vol`. */
  readonly calls: string[] = [];
  /** Calls so far. */
  count = 0;
  /** The errno with which a call fails, without effect. */
  fail: (call: string, count: number) => number | undefined = () => undefined;
  /** Whether a table starts. */
  starts: (device: FakeDevice, table: readonly TableLine[]) => FailedStart | undefined = () => undefined;
  #nextMinor = 0;

  #enter(call: string, device: string, changes = true): void {
    this.count++;
    const text = `${call} ${device}`;
    if (changes) this.calls.push(text);
    const errno = this.fail(text, this.count);
    if (errno !== undefined) throw new DmError({ op: call, errno, device });
  }

  #find(ref: DeviceRef, call: string, changes = true): FakeDevice {
    const device = [...this.devices.values()].find((one) => {
      if ('name' in ref) return one.name === ref.name;
      return 'uuid' in ref ? one.uuid === ref.uuid : one.number.major === ref.major && one.number.minor === ref.minor;
    });
    this.#enter(call, device?.name ?? JSON.stringify(ref), changes);
    if (device === undefined) throw this.#refusal(call, ERRNO.ENXIO);
    return device;
  }

  #refusal(op: string, errno: number): DmError {
    return new DmError({ op, errno });
  }

  #users(device: FakeDevice): FakeDevice[] {
    const word = `${device.number.major}:${device.number.minor}`;
    const uses = (table: FakeTable | undefined): boolean =>
      table?.lines.some(({ params }) => params.split(' ').includes(word)) ?? false;
    return [...this.devices.values()].filter(({ live, inactive }) => uses(live) || uses(inactive));
  }

  #state(device: FakeDevice): ChangedDevice {
    const { name, uuid, number, suspended, live, inactive } = device;
    return {
      name,
      uuid,
      number,
      suspended,
      openCount: this.#users(device).length,
      eventNr: 0,
      targetCount: live?.lines.length ?? 0,
      internallySuspended: false,
      readOnly: live?.readOnly ?? false,
      active: live !== undefined,
      inactive: inactive !== undefined,
      deferredRemove: false,
      uevent: true,
    };
  }

  info: Mapper['info'] = async (ref) => this.#state(this.#find(ref, 'info', false));

  create: Mapper['create'] = async (name, { uuid = '' } = {}) => {
    this.#enter('create', name);
    if (this.devices.has(name)) throw this.#refusal('create', ERRNO.EBUSY);
    const number = { major: 254, minor: this.#nextMinor++ };
    const parts = { live: undefined, inactive: undefined, suspended: false, ids: new Set<number>(), statuses: [] };
    const device: FakeDevice = { name, uuid, number, ...parts };
    this.devices.set(name, device);
    return this.#state(device);
  };

  load: Mapper['load'] = async (ref, lines, { readOnly = false } = {}) => {
    const device = this.#find(ref, 'load');
    checkTable(lines);
    for (const { type, params } of lines) if (type === 'thin') this.#checkThin(params);
    device.inactive = { lines, readOnly };
    return this.#state(device);
  };

  /** dm-thin.c, `thin_ctr`: the pool runs and has the number. */
  #checkThin(params: string): void {
    const [pool, id] = params.split(' ');
    const device = [...this.devices.values()].find(({ number }) => `${number.major}:${number.minor}` === pool);
    if (device === undefined || device.suspended) throw this.#refusal('load', ERRNO.EINVAL);
    if (!device.ids.has(Number(id))) throw this.#refusal('load', ERRNO.ENODATA);
  }

  clear: Mapper['clear'] = async (ref) => {
    const device = this.#find(ref, 'clear');
    device.inactive = undefined;
    return this.#state(device);
  };

  suspend: Mapper['suspend'] = async (ref) => {
    const device = this.#find(ref, 'suspend');
    device.suspended = true;
    return this.#state(device);
  };

  resume: Mapper['resume'] = async (ref) => {
    const device = this.#find(ref, 'resume');
    const { inactive } = device;
    if (inactive !== undefined) {
      device.inactive = undefined;
      const failure = this.starts(device, inactive.lines);
      if (failure?.live !== 'old') device.live = inactive;
      if (failure !== undefined) {
        device.suspended = true;
        throw this.#refusal('DM_DEV_SUSPEND', failure.errno);
      }
    } else if (device.live !== undefined) {
      const failure = this.starts(device, device.live.lines);
      if (failure !== undefined) throw this.#refusal('DM_DEV_SUSPEND', failure.errno);
    }
    device.suspended = false;
    return this.#state(device);
  };

  table: Mapper['table'] = async (ref) => [...(this.#find(ref, 'table', false).live?.lines ?? [])];

  status: Mapper['status'] = async (ref) => {
    const device = this.#find(ref, 'status', false);
    const [text = ''] = device.statuses;
    if (device.statuses.length > 1) device.statuses.shift();
    return (device.live?.lines ?? []).map((line) => ({ ...line, params: text }));
  };

  remove: Mapper['remove'] = async (ref) => {
    const device = this.#find(ref, 'remove');
    if (this.#users(device).length > 0) throw this.#refusal('remove', ERRNO.EBUSY);
    this.devices.delete(device.name);
    return { deferred: false, uevent: true };
  };

  rename: Mapper['rename'] = async (ref, name) => {
    const device = this.#find(ref, 'rename');
    if (this.devices.has(name)) throw this.#refusal('rename', ERRNO.EBUSY);
    this.devices.delete(device.name);
    device.name = name;
    this.devices.set(name, device);
    return { number: device.number, eventNr: 0, uevent: true };
  };

  message: Mapper['message'] = async (ref, text) => {
    const device = this.#find(ref, `message(${text})`);
    const [word = '', id, origin] = String(text).split(' ');
    const wanted = Number(id);
    if (word === 'delete') {
      const isActive = [...this.devices.values()].some(({ live }) =>
        live?.lines.some(({ type, params }) => type === 'thin' && params.split(' ')[1] === id),
      );
      if (isActive) throw this.#refusal('message', ERRNO.EBUSY);
      if (!device.ids.delete(wanted)) throw this.#refusal('message', ERRNO.ENODATA);
      return undefined;
    }
    if (device.ids.has(wanted)) throw this.#refusal('message', ERRNO.EEXIST);
    if (word === 'create_snap' && !device.ids.has(Number(origin))) throw this.#refusal('message', ERRNO.ENODATA);
    device.ids.add(wanted);
    return undefined;
  };

  dependencies: Mapper['dependencies'] = async (ref, { inactive = false } = {}) => {
    const device = this.#find(ref, 'dependencies', false);
    const lines = (inactive ? device.inactive : device.live)?.lines ?? [];
    return lines.flatMap(({ params }) =>
      [...params.matchAll(/(?:^| )(\d+):(\d+)/g)].map(([, major, minor]) => ({
        major: Number(major),
        minor: Number(minor),
      })),
    );
  };

  /** A device that is there. */
  device(name: string): FakeDevice {
    const device = this.devices.get(name);
    if (device === undefined) throw new RangeError(`there is no device ${name}`);
    return device;
  }

  /** All that can be seen of it, to be compared. */
  snapshot(): unknown {
    return [...this.devices.values()]
      .sort((one, other) => (one.name < other.name ? -1 : 1))
      .map(({ name, uuid, live, inactive, suspended, ids }) => ({
        name,
        uuid,
        live,
        inactive,
        suspended,
        ids: [...ids],
      }));
  }
}
