/** The part of the benchmark that needs device-mapper: runs one scenario as root and prints what it found as JSON. */
import { readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem } from 'node:os';
import { C_DMSTATS } from './cost.ts';
import type { GuestFacts } from './machine.ts';
import { SCENARIOS, type ScenarioName } from './scenarios/index.ts';
import { sh } from './volume.ts';

const [name, size, minutes] = process.argv.slice(2);
const scenario = await SCENARIOS[name as ScenarioName]();
const findings = await scenario({ quick: size === 'quick', minutes: Number(minutes) });
const versions = sh(`${C_DMSTATS} version`);
const version = (what: string): string => new RegExp(`^${what} version:\\s*(.*)$`, 'm').exec(versions)?.[1] ?? '?';
const facts: GuestFacts = {
  kernel: release(),
  deviceMapper: version('Driver'),
  cDmstats: version('Library'),
  node: process.version,
  cpus: availableParallelism(),
  memoryMib: Math.round(totalmem() / 2 ** 20),
  distribution: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? '?',
};
process.stdout.write(JSON.stringify({ findings, facts }));
