import type { Scenario } from '../scenario.ts';

/** What can be measured, in the order in which it is shown; loaded when it is run. */
export const SCENARIOS = {
  commands: async (): Promise<Scenario> => (await import('./commands.ts')).commands,
  reports: async (): Promise<Scenario> => (await import('./reports.ts')).reports,
  devices: async (): Promise<Scenario> => (await import('./devices.ts')).devices,
  packed: async (): Promise<Scenario> => (await import('./packed.ts')).packed,
  update: async (): Promise<Scenario> => (await import('./update.ts')).update,
  latency: async (): Promise<Scenario> => (await import('./latency.ts')).latency,
  unreported: async (): Promise<Scenario> => (await import('./unreported.ts')).unreported,
  counted: async (): Promise<Scenario> => (await import('./counted.ts')).counted,
  dirtylog: async (): Promise<Scenario> => (await import('./dirtylog.ts')).dirtylog,
  handover: async (): Promise<Scenario> => (await import('./handover.ts')).handover,
  idle: async (): Promise<Scenario> => (await import('./idle.ts')).idle,
  service: async (): Promise<Scenario> => (await import('./service.ts')).service,
  soak: async (): Promise<Scenario> => (await import('./soak.ts')).soak,
} as const;

export type ScenarioName = keyof typeof SCENARIOS;
export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[];
