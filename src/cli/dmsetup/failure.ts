import { errnoMeaning } from '../../kernel/errno.ts';
import { DmError } from '../../mapper/errors.ts';
import type { Subject } from './subject.ts';

/** What is asked of the kernel, in libdevmapper's words. */
export type Task =
  | 'clear'
  | 'create'
  | 'deps'
  | 'info'
  | 'message'
  | 'reload'
  | 'remove'
  | 'rename'
  | 'resume'
  | 'setgeometry'
  | 'status'
  | 'suspend'
  | 'table'
  | 'target-version'
  | 'waitevent';

/** A command failed; the message is what dmsetup says, `detail` what is known beyond that. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly detail: string | undefined;

  constructor(message: string, detail?: string) {
    super(message);
    this.detail = detail;
  }
}

/** Has the kernel do something. @throws CommandFailure what libdevmapper says when the kernel refuses, and why it does */
export async function ask<T>(task: Task, subject: Subject, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!DmError.is(error)) throw error;
    throw new CommandFailure(refusalText(task, subject, error.errno), detailOf(error));
  }
}

/** The same; where there is no such device `Device does not exist.`. */
export async function askOf<T>(task: Task, subject: Subject, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) throw new CommandFailure('Device does not exist.');
    return ask(task, subject, () => Promise.reject(error));
  }
}

/** The line that scripts look for. */
export function refusalText(task: Task, { ref, uuid, number }: Subject, errno: number): string {
  const name = 'name' in ref ? ref.name : '';
  const id = 'uuid' in ref ? ref.uuid : (uuid ?? '');
  const at = 'major' in ref ? ref : number;
  const place = at === undefined ? '' : `(${at.major}:${at.minor})`;
  return `device-mapper: ${task} ioctl on ${name} ${id}${place} failed: ${errnoMeaning(errno)}`;
}

/** What the line does not say already. */
function detailOf({ code, reason, remedy }: DmError): string | undefined {
  const known = code === 'ENXIO' ? [remedy] : [reason, remedy];
  const parts = known.filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join('; ');
}
