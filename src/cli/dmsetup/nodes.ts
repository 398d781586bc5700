import type { DeviceInfo } from '../../mapper/device-info.ts';
import { mangle, mangledName, unmangledName } from '../../mapper/mangle.ts';
import { Changes } from './changes.ts';
import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { forEachNamed, type Subject } from './subject.ts';

/** `dmsetup mknodes`. */
export async function mknodes(context: Context): Promise<number> {
  const { dm, words } = context;
  const all = await dm.list();
  const active = [];
  for (const device of all) if ((await dm.info(device.number)).active) active.push(device);
  const names = words.map((word) => context.mangled(word));
  const devices = words.length === 0 ? active : active.filter(({ name }) => names.includes(name));
  const options = words.length === 0 ? {} : { names };
  for (const { action, file } of context.updateNodes(devices, options)) context.outcome.tell('', { action, file });
  return 0;
}

/** `dmsetup mangle`. */
export async function mangleNames(context: Context): Promise<number> {
  const { dm, words } = context;
  const each = async (subject: Subject): Promise<void> => {
    await mangleOne(context, subject, await ask('info', subject, () => dm.info(subject.ref)));
  };
  if (words.length > 0) await forEachNamed(context, each);
  else for (const { name } of await dm.list()) await each({ ref: { name } });
  return 0;
}

async function mangleOne(context: Context, subject: Subject, info: DeviceInfo): Promise<void> {
  const { name, uuid } = info;
  const right = rightForm(context, name);
  const place = `${name}: ${uuid === '' ? '[no UUID]' : uuid}`;
  if (rightForm(context, uuid) !== uuid) {
    throw new CommandFailure(
      `${place}: UUID in incorrect form.`,
      'Unable to change device UUID. The device must be deactivated first.',
    );
  }
  if (right === name) {
    const what = uuid === '' ? 'name' : 'name and UUID';
    context.outcome.tell(`${place}: ${what} already in correct form\n`, { name, uuid, renamed: null });
    return;
  }
  context.outcome.tell(`${name}: renaming to ${right}\n`, { name, uuid, renamed: right });
  using changes = new Changes(context);
  await changes.rename(subject, info, { name: right });
  await changes.end();
}

/** A kernel's name as it should be in the mode of mangling: what is mangled already stays. */
function rightForm(context: Context, text: string): string {
  if (context.mangling === 'none') return unmangledName(text);
  return context.mangling === 'hex' ? mangledName(text) : mangle(text, 'auto');
}
