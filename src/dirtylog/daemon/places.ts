import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * A built script of this package: beside the bundled commands, or from this module in dist/src/dirtylog/daemon.
 *
 * @throws Error when the package was not built
 */
export function builtScript(name: string): string {
  for (const place of [`./${name}.cjs`, `../../../bin/${name}.cjs`]) {
    const script = fileURLToPath(new URL(place, import.meta.url));
    if (existsSync(script)) return script;
  }
  throw new Error(`${name} is not where the package was built: run "npm run build"`);
}
