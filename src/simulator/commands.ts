import { DM_FLAGS, type DmCommand, DmTargetMsg } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { listAnswer, versionsAnswer } from './answers.ts';
import {
  createDevice,
  deviceStatus,
  removeAllDevices,
  removeDevice,
  renameDevice,
  setGeometry,
  suspendOrResume,
  waitForEvent,
} from './device-commands.ts';
import { findDevice, writeState } from './device-state.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import { runMessage } from './messages.ts';
import type { Request } from './request.ts';
import { clearTable, loadTable, tableDeps, tableStatus } from './table-commands.ts';
import type { Work } from './work.ts';

/** What a control node keeps for itself: the global event that it was last told of. */
export interface Opening {
  seenEvent: number;
}

/** What is looked at before and after a command. */
interface Traits {
  /** Reads and answers the header only. */
  readonly withoutPayload?: true;
  /** Takes names as they come: they are none, or prefixes. */
  readonly anyNames?: true;
  /** Success is an event for whoever polls. */
  readonly raisesEvent?: true;
}

/** Done at once. */
interface Prompt extends Traits {
  readonly run: (kernel: SimulatedKernel, request: Request, opening: Opening) => void;
}

/** May wait; the payload is read before the first wait. None of these is an event for whoever polls. */
interface Waiting extends Omit<Traits, 'raisesEvent'> {
  readonly work: (kernel: SimulatedKernel, request: Request) => Work;
}

function listDevices(kernel: SimulatedKernel, request: Request): void {
  const { name: namePrefix, uuid: uuidPrefix } = request;
  const asked = kernel.registry.byNames.filter(
    ({ name, uuid }) => name.startsWith(namePrefix) && uuid.startsWith(uuidPrefix),
  );
  listAnswer(asked, request);
}

function targetVersion({ facts }: SimulatedKernel, request: Request): void {
  const found = facts.targets.filter(({ name }) => name === request.name);
  if (found.length === 0) throw new Refusal(ERRNO.EINVAL);
  versionsAnswer(found, request);
}

/** The string at the beginning of the room. */
function textThere(room: Uint8Array): string {
  const end = room.indexOf(0);
  return Buffer.from(end < 0 ? room : room.subarray(0, end)).toString('latin1');
}

function* message(kernel: SimulatedKernel, request: Request): Work {
  const room = request.answerRoom();
  const device = findDevice(kernel, request);
  const text = request.payloadText(request.payloadStart + DmTargetMsg.size);
  const { sector } = DmTargetMsg.at(request.bytes, request.payloadStart);
  const result = yield* runMessage(kernel, device, sector, text, room.length);
  if (result === 'ignored') {
    request.silent();
    return;
  }
  writeState(kernel, request, device);
  if (result === 'silent') return;
  request.flag(DM_FLAGS.DATA_OUT);
  // Nobody writes an empty answer: it is what the caller had there, the sector first of all.
  const answer = result === 'full' ? undefined : result.answer || textThere(room);
  // The kernel also calls an answer full that would just fit: `strlen + 1 >= room`.
  if (answer === undefined || answer.length + 1 >= room.length) {
    request.full();
    return;
  }
  room.set(Buffer.from(`${answer}\0`, 'latin1'));
  request.answered(answer.length + 1);
}

/** All commands but `DM_VERSION`, which is answered before any other check. */
export const COMMANDS: Readonly<Record<Exclude<DmCommand, 'DM_VERSION'>, Prompt | Waiting>> = {
  DM_REMOVE_ALL: { run: removeAllDevices, withoutPayload: true, anyNames: true, raisesEvent: true },
  DM_LIST_DEVICES: { run: listDevices, anyNames: true },
  DM_DEV_CREATE: { run: createDevice, withoutPayload: true, raisesEvent: true },
  DM_DEV_REMOVE: { run: removeDevice, withoutPayload: true, raisesEvent: true },
  DM_DEV_RENAME: { run: renameDevice, raisesEvent: true },
  DM_DEV_SUSPEND: { work: suspendOrResume, withoutPayload: true },
  DM_DEV_STATUS: { run: deviceStatus, withoutPayload: true },
  DM_DEV_WAIT: { work: waitForEvent },
  DM_TABLE_LOAD: { run: loadTable },
  DM_TABLE_CLEAR: { run: clearTable, withoutPayload: true },
  DM_TABLE_DEPS: { run: tableDeps },
  DM_TABLE_STATUS: { run: tableStatus },
  DM_LIST_VERSIONS: { run: ({ facts }, request) => versionsAnswer(facts.targets, request), anyNames: true },
  DM_TARGET_MSG: { work: message },
  DM_DEV_SET_GEOMETRY: { run: setGeometry },
  DM_DEV_ARM_POLL: {
    run(kernel, _request, opening) {
      opening.seenEvent = kernel.globalEvents.value;
    },
    withoutPayload: true,
  },
  DM_GET_TARGET_VERSION: { run: targetVersion },
};
