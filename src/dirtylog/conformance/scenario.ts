import { Breach, type KitKernel } from './kernel.ts';

/** Regions of the mirrors that the scenarios make, and their size in sectors. */
export const REGIONS = 40;
export const REGION_SECTORS = 1024;
export const LENGTH: number = REGIONS * REGION_SECTORS;
export const WORDS: string = `${LENGTH} clustered-core ${REGION_SECTORS}`;

/** Something that the kernel relies on. */
export interface Scenario<Kernel extends KitKernel = KitKernel> {
  readonly name: string;
  /** What happens to the mirror when it does not hold. */
  readonly consequence: string;
  readonly run: (kernel: Kernel) => Promise<void>;
}

/** @throws Breach when it does not hold */
export function expect(holds: boolean, breach: string): void {
  if (!holds) throw new Breach(breach);
}

/** Constructs and resumes a log. */
export async function start(kernel: KitKernel, options = ''): Promise<void> {
  const { error } = await kernel.construct(`${WORDS}${options}`);
  expect(error === 0, `CTR "${WORDS}${options}" is answered with error ${error}`);
  await kernel.must('RESUME');
}
