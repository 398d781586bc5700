import { DM_FLAGS, type DmCommand, DmTargetMsg, encodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { depsAnswer, listAnswer, statusAnswer } from './answers.ts';
import type { SimulatedDevice } from './device.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import { runMessage } from './messages.ts';
import type { Request } from './request.ts';
import { parseTable } from './table.ts';
import type { Work } from './work.ts';

type Handlers<Result> = Readonly<Partial<Record<DmCommand, (kernel: SimulatedKernel, request: Request) => Result>>>;

/** Commands that read and answer the header only. */
export const WITHOUT_PAYLOAD: ReadonlySet<DmCommand> = new Set([
  'DM_DEV_CREATE',
  'DM_DEV_REMOVE',
  'DM_DEV_SUSPEND',
  'DM_DEV_STATUS',
  'DM_TABLE_CLEAR',
]);

/** Named by uuid, name or number, and by one of them only. */
function find(kernel: SimulatedKernel, request: Request): SimulatedDevice {
  const { name, uuid, header } = request;
  let device: SimulatedDevice | undefined;
  if (uuid !== '') device = name === '' && header.dev === 0n ? kernel.byUuid(uuid) : undefined;
  else if (name !== '') device = header.dev === 0n ? kernel.byName(name) : undefined;
  else if (header.dev !== 0n) device = kernel.byPackedNumber(header.dev);
  if (device === undefined) throw new Refusal(ERRNO.ENXIO);
  request.name = device.name;
  request.uuid = device.uuid;
  request.flag(DM_FLAGS.INACTIVE_PRESENT, device.inactive !== undefined);
  return device;
}

/** The kernel's `__dev_status`: the device's state in the answer's header. */
function state(kernel: SimulatedKernel, request: Request, device: SimulatedDevice): void {
  const { header } = request;
  const table = request.has(DM_FLAGS.QUERY_INACTIVE_TABLE) ? device.inactive : device.live;
  request.flag(DM_FLAGS.SUSPEND, device.suspended);
  request.flag(DM_FLAGS.INTERNAL_SUSPEND, false);
  request.flag(DM_FLAGS.ACTIVE_PRESENT, device.live !== undefined);
  const readOnly = table === device.live ? device.readOnly : table?.readOnly;
  request.flag(DM_FLAGS.READONLY, table !== undefined && readOnly === true);
  // This one is only ever set: a caller's own bit comes back.
  if (device.deferredRemove) request.flag(DM_FLAGS.DEFERRED_REMOVE);
  header.dev = encodeDeviceNumber(device.number);
  header.openCount = kernel.openCount(device);
  header.eventNr = device.eventNr;
  header.targetCount = table?.targets.length ?? 0;
}

function list(kernel: SimulatedKernel, request: Request): void {
  listAnswer(kernel, request);
}

function create(kernel: SimulatedKernel, request: Request): void {
  const forced = request.has(DM_FLAGS.PERSISTENT_DEV);
  const { dev } = request.header;
  const minor = forced ? Number((dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n)) : undefined;
  const device = kernel.create(request.name, request.uuid, minor);
  request.flag(DM_FLAGS.INACTIVE_PRESENT, false);
  state(kernel, request, device);
}

function remove(kernel: SimulatedKernel, request: Request): void {
  const device = find(kernel, request);
  // I/O in flight is the I/O of somebody who has it open.
  if (kernel.openCount(device) > 0 || device.hasIo) {
    if (!request.has(DM_FLAGS.DEFERRED_REMOVE)) throw new Refusal(ERRNO.EBUSY);
    device.deferredRemove = true;
    return;
  }
  kernel.forget(device);
  request.flag(DM_FLAGS.DEFERRED_REMOVE, false);
  if (device.diskAdded) request.flag(DM_FLAGS.UEVENT_GENERATED);
}

function* suspendOrResume(kernel: SimulatedKernel, request: Request): Work {
  const device = find(kernel, request);
  if (request.has(DM_FLAGS.SUSPEND)) {
    if (!device.suspended) yield* device.suspend();
    state(kernel, request, device);
    return;
  }
  const table = device.inactive;
  if (table !== undefined) {
    device.inactive = undefined;
    try {
      if (!device.suspended) yield* device.suspend();
    } finally {
      // Put back when the device would not be suspended.
      if (!device.suspended) device.inactive ??= table;
    }
    // The old table stays, and the device stays suspended with it.
    if (!table.fits) throw new Refusal(ERRNO.EINVAL);
    device.live = table;
    device.readOnly = table.readOnly;
    request.flag(DM_FLAGS.INACTIVE_PRESENT, false);
  }
  if (device.suspended) {
    if (device.live === undefined) throw new Refusal(ERRNO.EINVAL);
    device.resume();
    request.flag(DM_FLAGS.UEVENT_GENERATED);
  }
  state(kernel, request, device);
}

function status(kernel: SimulatedKernel, request: Request): void {
  state(kernel, request, find(kernel, request));
}

function load(kernel: SimulatedKernel, request: Request): void {
  const device = find(kernel, request);
  const newer = kernel.release !== '6.1';
  const table = parseTable(
    request.payload,
    request.payloadStart,
    request.header.targetCount,
    request.has(DM_FLAGS.READONLY),
    newer,
    {
      missingPathErrno: newer ? ERRNO.ENOENT : ERRNO.ENODEV,
      deviceAt(major, minor) {
        if (newer && kernel.byNumber({ major, minor }) === device) throw new Refusal(ERRNO.EINVAL);
        return kernel.blockDevice(major, minor);
      },
    },
  );
  // Only the first load looks whether the areas fit; later ones are looked at by the resume.
  if (!device.diskAdded && !table.fits) throw new Refusal(ERRNO.EINVAL);
  device.diskAdded = true;
  device.inactive = table;
  request.flag(DM_FLAGS.INACTIVE_PRESENT);
  state(kernel, request, device);
}

function clear(kernel: SimulatedKernel, request: Request): void {
  const device = find(kernel, request);
  device.inactive = undefined;
  request.flag(DM_FLAGS.INACTIVE_PRESENT, false);
  state(kernel, request, device);
}

function deps(kernel: SimulatedKernel, request: Request): void {
  const device = find(kernel, request);
  state(kernel, request, device);
  const table = request.has(DM_FLAGS.QUERY_INACTIVE_TABLE) ? device.inactive : device.live;
  if (table !== undefined) depsAnswer(table, request);
}

function tableStatus(kernel: SimulatedKernel, request: Request): void {
  const device = find(kernel, request);
  state(kernel, request, device);
  const table = request.has(DM_FLAGS.QUERY_INACTIVE_TABLE) ? device.inactive : device.live;
  if (table !== undefined) statusAnswer(table, request);
}

function* message(kernel: SimulatedKernel, request: Request): Work {
  const device = find(kernel, request);
  const { payload, payloadStart } = request;
  const start = payloadStart + DmTargetMsg.size;
  const end = payload.indexOf(0, start);
  if (payloadStart < 305 || start > payload.length || end < 0) throw new Refusal(ERRNO.EINVAL);
  const text = Buffer.from(payload.subarray(start, end)).toString('latin1');
  const room = request.answerRoom();
  const result = yield* runMessage(kernel, device, text, room);
  state(kernel, request, device);
  if (result !== 'full' && result.answer === undefined) return;
  request.flag(DM_FLAGS.DATA_OUT);
  // The kernel also calls an answer full that would just fit: `strlen + 1 >= room`.
  if (result === 'full' || result.answer === undefined || result.answer.length + 1 >= room) {
    request.flag(DM_FLAGS.BUFFER_FULL);
  } else {
    request.answer(Buffer.from(`${result.answer}\0`, 'latin1'));
  }
}

/** What the commands do that return at once. */
export const promptCommands: Handlers<void> = {
  DM_LIST_DEVICES: list,
  DM_DEV_CREATE: create,
  DM_DEV_REMOVE: remove,
  DM_DEV_STATUS: status,
  DM_TABLE_LOAD: load,
  DM_TABLE_CLEAR: clear,
  DM_TABLE_DEPS: deps,
  DM_TABLE_STATUS: tableStatus,
};

/** What the commands do that may wait for I/O in flight; their payload is read before the first wait. */
export const waitingCommands: Handlers<Work> = {
  DM_DEV_SUSPEND: suspendOrResume,
  DM_TARGET_MSG: message,
};
