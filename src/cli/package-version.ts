import { readFileSync } from 'node:fs';

/** The package's version, from the package.json above this module wherever it was built or bundled to. */
export function packageVersion(): string {
  for (let folder = new URL('.', import.meta.url); folder.pathname !== '/'; folder = new URL('..', folder)) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8'));
      if (name === 'devicemapper') return String(version);
    } catch {
      // Not here: one folder up.
    }
  }
  return 'unknown';
}
