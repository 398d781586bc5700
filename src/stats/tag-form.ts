import { readFileSync } from 'node:fs';
import type { GroupTagForm } from './group-tag.ts';

const FOLDERS = ['/lib/x86_64-linux-gnu', '/lib/aarch64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/lib'];

/**
 * The form of tag that the C tools of this machine read, told by the date in its libdevmapper (lvm2 2.03.22 of
 * August 2023 was the first release after the change); `quoted`, today's form, where there is none.
 */
export function groupTagForm(read: (path: string) => string = (path) => readFileSync(path, 'latin1')): GroupTagForm {
  for (const folder of FOLDERS) {
    let library: string;
    try {
      library = read(`${folder}/libdevmapper.so.1.02.1`);
    } catch {
      continue;
    }
    const date = releaseDate(library);
    if (date !== undefined) return date < '2023-08-01' ? 'unquoted' : 'quoted';
  }
  return 'quoted';
}

const VERSION = /^1\.02\.\d+(?:-git)? \((\d{4}-\d{2}-\d{2})\)/;

/** The date in the text of its version. By a search for a plain text first: an expression takes long for half a megabyte. */
function releaseDate(library: string): string | undefined {
  for (let at = library.indexOf('1.02.'); at >= 0; at = library.indexOf('1.02.', at + 1)) {
    const date = VERSION.exec(library.slice(at, at + 40))?.[1];
    if (date !== undefined) return date;
  }
  return undefined;
}
