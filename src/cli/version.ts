import { readFileSync } from 'node:fs';

/** The package's version, from its package.json two or three folders up from the built code. */
export function packageVersion(): string {
  for (const place of ['../../package.json', '../../../package.json']) {
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version: string };
      if (name === 'devicemapper') return version;
    } catch {
      // Not here: the other place is for the bundled commands, or for the modules.
    }
  }
  return 'unknown';
}
