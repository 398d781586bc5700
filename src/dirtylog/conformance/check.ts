import { DiskKernel, type DiskTransport } from './disk-kernel.ts';
import { DISK_SCENARIOS } from './disk-scenarios.ts';
import { Breach, type ConformanceTransport, KitKernel } from './kernel.ts';
import { REQUEST_SCENARIOS } from './request-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { TABLE_SCENARIOS } from './table-scenarios.ts';

export { DISK_SCENARIOS };

/** Those of logs without a device; each begins with a log of its own. */
export const SCENARIOS: readonly Scenario[] = [...TABLE_SCENARIOS, ...REQUEST_SCENARIOS];

/** What came of a scenario. */
export interface ConformanceResult {
  readonly name: string;
  /** What the server broke; undefined when it holds. */
  readonly breach: string | undefined;
  /** What that does to a mirror. */
  readonly consequence: string;
}

/** Drives a server through all scenarios, each with a log of its own, and names what it breaks. */
export async function checkConformance(transport: ConformanceTransport): Promise<readonly ConformanceResult[]> {
  return checkScenarios(SCENARIOS, (index) => new KitKernel(transport, `conformance-${index}`));
}

/** As `checkConformance()`, with logs on devices: what is on them when an answer comes, and what a restart makes of it. */
export async function checkDiskConformance(transport: DiskTransport): Promise<readonly ConformanceResult[]> {
  return checkScenarios(DISK_SCENARIOS, (index) => new DiskKernel(transport, `conformance-disk-${index}`));
}

async function checkScenarios<Kernel extends KitKernel>(
  scenarios: readonly Scenario<Kernel>[],
  makeKernel: (index: number) => Kernel,
): Promise<readonly ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for (const [index, { name, consequence, run }] of scenarios.entries()) {
    const kernel = makeKernel(index);
    let breach: string | undefined;
    try {
      await run(kernel);
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      breach = error.message;
    }
    results.push({ name, breach, consequence });
    await kernel.ask('DTR').catch((error: unknown) => {
      // What is wrong with it has a scenario of its own, or the server answers nothing any more.
      if (!(error instanceof Breach)) throw error;
    });
  }
  return results;
}
