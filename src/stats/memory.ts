import { readFileSync } from 'node:fs';
import { parseIds } from './group-tag.ts';

/** What statistics may cost on a machine. */
export interface StatsMemory {
  /** Possible CPUs: each has counters of its own in every area. */
  readonly cpus: number;
  /** What all statistics together may take: the kernel gives them a quarter of the memory. */
  readonly limitBytes: number;
  /** What they take now. */
  readonly usedBytes: number;
}

/** The kernel's module parameter; not there before the module is loaded. */
const USED = '/sys/module/dm_mod/parameters/stats_current_allocated_bytes';
const CPUS = '/sys/devices/system/cpu/possible';

/**
 * Kernel memory of a region's frame in bytes (drivers/md/dm-stats.c: `struct dm_stat` and a pointer for each CPU that the
 * kernel was built for: 8192 on amd64 distributions, the most that it can be; fewer make a region cheaper).
 */
const FRAME_BYTES = 128 + 8 * 8192;

/**
 * Kernel memory of an area in bytes (drivers/md/dm-stats.c: `struct dm_stat_shared`, one `dm_stat_percpu` for each
 * possible CPU, the histogram's bins in all of them).
 */
export function areaBytes(cpus: number, bounds: number): number {
  return 120 + 104 * cpus + (bounds > 0 ? 8 * (bounds + 1) * (1 + cpus) : 0);
}

/** Kernel memory of a region in bytes. */
export function regionBytes(areas: number, cpus: number, bounds: number): number {
  return FRAME_BYTES + areas * areaBytes(cpus, bounds);
}

/** How many CPUs this machine can have; the kernel keeps counters for each. */
export function possibleCpus(): number {
  const ids = parseIds(readFileSync(CPUS, 'utf8').trim());
  if (ids === undefined) throw new Error(`cannot read ${CPUS}`);
  return ids.length;
}

/** What statistics may take on this machine, and take. */
export function statsMemory(): StatsMemory {
  const totalKib = /^MemTotal:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  return { cpus: possibleCpus(), limitBytes: (Number(totalKib) * 1024) / 4, usedBytes: usedBytes() };
}

function usedBytes(): number {
  try {
    return Number(readFileSync(USED, 'utf8'));
  } catch {
    return 0;
  }
}
