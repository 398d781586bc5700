import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether udev takes part in changes of devices:
 * `running`: it makes the nodes and confirms each change;
 * `absent`: no udevd runs here;
 * `disabled`: `DM_DISABLE_UDEV` is set (to anything: libdevmapper does not look at the value);
 * `without-rules`: a udevd runs, but no rule would confirm a change, as on systems without Debian's dmsetup package.
 *
 * In all but the first, nodes in `/dev/mapper` are ours to make.
 */
export type UdevState = 'running' | 'absent' | 'disabled' | 'without-rules';

const NOTIFY_RULES = '95-dm-notify.rules';
// udev(7): a file of the same name in an earlier folder stands for those in later ones.
const RULE_FOLDERS = ['/etc', '/run', '/usr/local/lib', '/usr/lib', '/lib'].map((folder) => `${folder}/udev/rules.d`);

/** Finds out. `root` is where the file system's root is, for tests. */
export function udevState({
  root = '/',
  environment = process.env,
}: {
  readonly root?: string;
  readonly environment?: NodeJS.ProcessEnv;
} = {}): UdevState {
  if (environment['DM_DISABLE_UDEV'] !== undefined) return 'disabled';
  if (!existsSync(join(root, 'run/udev/control'))) return 'absent';
  for (const folder of RULE_FOLDERS) {
    const rules = statSync(join(root, folder, NOTIFY_RULES), { throwIfNoEntry: false });
    // An empty file, or a link to /dev/null, switches the rules off.
    if (rules !== undefined) return rules.size > 0 ? 'running' : 'without-rules';
  }
  return 'without-rules';
}
