/** The command on a simulated kernel: no processes, no devices, time in the hands of the test. */

import type { Environment } from '../../src/cli/dmstats/context.ts';
import { main } from '../../src/cli/dmstats.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';

/** What a run of the command left behind. */
export interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A kernel with the devices `t0`, `t1` (20480 sectors each) and a way to run dmstats on it. */
export class World {
  readonly kernel = new SimulatedKernel();
  readonly dm: DeviceMapper;

  constructor() {
    this.kernel.addDevice('t0', { sectors: 20480 });
    this.kernel.addDevice('t1', { sectors: 20480, uuid: 'UUID-t1' });
    this.dm = new DeviceMapper(this.kernel.openControl());
  }

  /** Runs `dmstats` with these words. */
  async run(words: readonly string[], environment: Partial<Environment> = {}): Promise<Outcome> {
    let stdout = '';
    let stderr = '';
    const status = await main(words, {
      dm: this.dm,
      env: {},
      signal: new AbortController().signal,
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      ...environment,
    });
    return { status, stdout, stderr };
  }

  /** Runs `dmstats` and expects success without complaints. @returns what it printed */
  async ok(command: string): Promise<string> {
    const { status, stdout, stderr } = await this.run(command.split(' '));
    if (status !== 0 || stderr !== '') throw new Error(`dmstats ${command}: status ${status}: ${stderr}`);
    return stdout;
  }

  /** Runs `dmstats` and expects failure with one line and nothing printed. @returns the line */
  async refusal(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(words);
    if (status !== 1 || stdout !== '' || !/^[^\n]+\n$/.test(stderr)) {
      throw new Error(`dmstats ${words.join(' ')}: status ${status}, printed ${stdout}, complained ${stderr}`);
    }
    return stderr.trimEnd();
  }

  /** The kernel's own list of a device's regions. */
  regions(device: string): string {
    return this.kernel.message(device, '@stats_list') ?? '';
  }

  /** Reads one block; `merged` and times stay 0 unless the test moves the clock. */
  read(device: string, sector: number, sectors = 8, durationNs = 0): void {
    this.kernel.io({ device, direction: 'read', sector, sectors, durationNs });
  }
}
