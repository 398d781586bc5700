import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

/** What the scenarios ran on. */
export interface GuestFacts {
  readonly kernel: string;
  readonly deviceMapper: string;
  readonly cDmstats: string;
  readonly node: string;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly distribution: string;
}

/** The machine, as rows of name and value. */
export function machineFacts(guest: GuestFacts, where: string, load: number): string[][] {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    ['host', `${model}, ${availableParallelism()} CPUs, load ${load.toFixed(2)} at the start`],
    ['measured in', where],
    ['guest', `${guest.cpus} CPUs, ${guest.memoryMib} MiB`],
    ['kernel', `${guest.kernel}, device-mapper ${guest.deviceMapper}`],
    ['system', guest.distribution],
    ['C tool', `dmstats of libdevmapper ${guest.cDmstats}`],
    ['Node', guest.node],
  ];
}

/** The load of the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}
