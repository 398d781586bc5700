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

/** What the guest ran on, and when. */
export interface HostFacts {
  readonly date: string;
  readonly model: string;
  readonly cpus: number;
  readonly load: number;
  readonly where: string;
}

export function hostFacts(where: string, load: number): HostFacts {
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  return { date: new Date().toISOString().slice(0, 10), model, cpus: availableParallelism(), load, where };
}

/** The load of the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}
