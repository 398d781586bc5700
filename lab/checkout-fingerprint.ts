import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

// Large, and changed by nothing but git, npm and the guest itself.
const skipped = new Set(['.git', 'node_modules', 'build']);

/** Changes when a file of the checkout does. npm writes its lock file at each change of node_modules. */
export function checkoutFingerprint(folder: string): string {
  const parts = [stamp(join(folder, 'node_modules/.package-lock.json'))];
  const visit = (path: string) => {
    for (const entry of entries(path)) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!skipped.has(entry.name)) visit(child);
      } else parts.push(`${child} ${stamp(child)}`);
    }
  };
  visit(folder);
  return parts.join('\n');
}

// A build may be under way: files come and go.
function entries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function stamp(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs} ${stat.size}` : 'absent';
}
