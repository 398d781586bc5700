import type { Findings } from './table.ts';

/** How a scenario is run. */
export interface ScenarioOptions {
  /** Small sizes and few repeats. */
  readonly quick: boolean;
  /** How long a soak takes. */
  readonly minutes: number;
}

/** Measures something on a machine with device-mapper, as root. */
export type Scenario = (options: ScenarioOptions) => Promise<Findings>;

/** Says on standard error what goes on. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
