/**
 * The files to insmod, in order, for the named modules and all they need. What modules.dep does not
 * have is built into this kernel. modules.dep: "file: its needs, each before its own needs".
 */
export function loadOrder(modulesDep: string, names: readonly string[]): string[] {
  const needs = new Map<string, string[]>();
  for (const line of modulesDep.split('\n')) {
    const [file, rest = ''] = line.split(':');
    if (file) needs.set(file, rest.split(' ').filter(Boolean));
  }
  const files = new Map([...needs.keys()].map((file) => [moduleName(file), file]));
  const order = new Set<string>();
  for (const name of names) {
    const file = files.get(moduleName(name));
    if (file === undefined) continue;
    for (const need of (needs.get(file) ?? []).toReversed()) order.add(need);
    order.add(file);
  }
  return [...order];
}

/** The kernel takes - and _ for the same. */
function moduleName(file: string): string {
  return file
    .replace(/^.*\//, '')
    .replace(/\.ko.*$/, '')
    .replaceAll('-', '_');
}
