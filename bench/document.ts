import type { GuestFacts, HostFacts } from './machine.ts';
import { type Findings, findingsText } from './table.ts';

/** A scenario's section: its findings, and when and on what they were measured. */
export function sectionText(findings: Findings, guest: GuestFacts, host: HostFacts): string {
  const where =
    `Measured ${host.date} in ${host.where} on ${host.model}, ${host.cpus} CPUs, load ${host.load.toFixed(2)} at the start: ` +
    `${guest.cpus} CPUs, ${guest.memoryMib} MiB, ${guest.distribution}, kernel ${guest.kernel}, ` +
    `device-mapper ${guest.deviceMapper}, Node ${guest.node}, C tool dmstats of libdevmapper ${guest.cDmstats}.`;
  return `${findingsText(findings)}\n\n${where}`;
}

const HEAD = `# Benchmarks

Written by \`npm run bench\`, each section by the last full-size run of its scenario; not by hand. What stands in one table
was measured in one run on one machine, this package and the C tool in turn. Absolute times are that machine's, under
emulation several times what hardware needs: take the ratios.
`;

const mark = (name: string): string => `<!-- ${name} -->\n`;

/** docs/benchmarks.md: what it holds already, with these sections new; names in the order in which they are shown. */
export function documentText(
  before: string,
  sections: Readonly<Record<string, string>>,
  names: readonly string[],
): string {
  const kept = new Map(
    [...before.matchAll(/^<!-- (.+) -->\n([\s\S]*?)(?=\n<!-- |$(?![\s\S]))/gm)].map(([, name, text = '']) => [
      name,
      text.trim(),
    ]),
  );
  const parts = names.flatMap((name) => {
    const text = sections[name] ?? kept.get(name);
    return text === undefined ? [] : [`${mark(name)}${text}\n`];
  });
  return [HEAD, ...parts].join('\n');
}
