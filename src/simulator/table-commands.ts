import { DM_FLAGS } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { depsAnswer, statusAnswer } from './answers.ts';
import { askedTable, findDevice, writeState } from './device-state.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import type { Request } from './request.ts';
import { parseTable } from './table.ts';

/** `DM_TABLE_LOAD`. */
export function loadTable(kernel: SimulatedKernel, request: Request): void {
  const device = findDevice(kernel, request);
  const { header, bytes, payloadStart } = request;
  const context = kernel.tableContext(device);
  const table = parseTable(bytes, payloadStart, header.targetCount, request.has(DM_FLAGS.READONLY), context);
  const { immutableType } = device.live ?? {};
  if (immutableType !== undefined && table.immutableType !== immutableType && !table.wildcard) {
    throw new Refusal(ERRNO.EINVAL);
  }
  kernel.setUp(device, table);
  device.dying = device.inactive;
  device.inactive = table;
  request.flag(DM_FLAGS.INACTIVE_PRESENT);
  writeState(kernel, request, device);
  device.dying = undefined;
  kernel.removeDeferred();
}

/** `DM_TABLE_CLEAR`. */
export function clearTable(kernel: SimulatedKernel, request: Request): void {
  const device = findDevice(kernel, request);
  device.dying = device.inactive;
  device.inactive = undefined;
  request.flag(DM_FLAGS.INACTIVE_PRESENT, false);
  writeState(kernel, request, device);
  device.dying = undefined;
  kernel.removeDeferred();
}

/** `DM_TABLE_DEPS`. */
export function tableDeps(kernel: SimulatedKernel, request: Request): void {
  const device = findDevice(kernel, request);
  writeState(kernel, request, device);
  const table = askedTable(device, request);
  if (table !== undefined) depsAnswer(table, request);
}

/** `DM_TABLE_STATUS`. */
export function tableStatus(kernel: SimulatedKernel, request: Request): void {
  const device = findDevice(kernel, request);
  writeState(kernel, request, device);
  const table = askedTable(device, request);
  if (table !== undefined) statusAnswer(table, request);
}
