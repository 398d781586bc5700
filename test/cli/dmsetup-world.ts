/** dmsetup on a simulated kernel: what it would do to nodes, to what is read ahead and to cookies is written down. */
import type { Environment } from '../../src/cli/dmsetup/context.ts';
import { main } from '../../src/cli/dmsetup.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import type { UdevWorld } from '../../src/mapper/udev/cookie.ts';
import type { UdevState } from '../../src/mapper/udev/state.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import type { KernelRelease } from '../../src/simulator/release.ts';
import type { BlockDevices } from '../../src/system/block-devices.ts';
import { FakeSemaphores } from '../mapper/fake-semaphores.ts';
import type { Outcome } from './support.ts';

/** A machine without sysfs. */
const NO_SYSFS: BlockDevices = {
  name: () => undefined,
  readAheadSectors: () => undefined,
  holders: () => [],
};

/** A kernel with disks `1:0` to `1:6`, and a way to run dmsetup on it. */
export class DmsetupWorld {
  readonly kernel: SimulatedKernel;
  readonly dm: DeviceMapper;
  readonly semaphores = new FakeSemaphores();
  /** What was done to nodes and to what is read ahead, and which programs were run. */
  readonly done: string[] = [];
  udevState: UdevState = 'absent';
  blockDevices: BlockDevices = NO_SYSFS;
  readonly files = new Map<string | 0, string>();

  constructor(release: KernelRelease = '6.1') {
    this.kernel = new SimulatedKernel({ kernel: release });
    for (let minor = 0; minor <= 6; minor++) this.kernel.addDisk({ sectors: 32768, number: { major: 1, minor } });
    this.dm = new DeviceMapper(this.kernel.openControl());
  }

  /** Runs `dmsetup` with these words. */
  async run(words: readonly string[], environment: Partial<Environment> = {}): Promise<Outcome> {
    let stdout = '';
    let stderr = '';
    const udev: UdevWorld = { semaphores: this.semaphores, state: () => this.udevState, random: () => 0x1234 };
    const status = await main(words, {
      dm: this.dm,
      env: {},
      udev,
      blockDevices: this.blockDevices,
      signal: new AbortController().signal,
      columns: 80,
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
      holders: async () => [{ kind: 'mount', path: '/mnt', fileSystem: 'ext4' }],
      readFile: (path) => this.files.get(path) ?? missing(path),
      setReadAhead: ({ major, minor }, sectors) => void this.done.push(`read ahead ${major}:${minor} ${sectors}`),
      updateNodes: (devices, options) => {
        const made = devices.map(({ name }) => `${name}`).join();
        this.done.push(`nodes ${made} of ${options?.names?.join() ?? 'all'}${modeText(options?.mode)}`);
        return [];
      },
      run: (program, args) => {
        this.done.push([program, ...args].join(' '));
        return 0;
      },
      ...environment,
    });
    return { status, stdout, stderr };
  }

  /** Runs `dmsetup` and expects success without complaints. @returns what it printed */
  async ok(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(words);
    if (status !== 0 || stderr !== '') throw new Error(`dmsetup ${words.join(' ')}: status ${status}: ${stderr}`);
    return stdout;
  }

  /** Runs `dmsetup` and expects it to fail and print nothing. @returns what it complained */
  async refusal(...words: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(words);
    if (status !== 1 || stdout !== '') throw new Error(`dmsetup ${words.join(' ')}: status ${status}: ${stdout}`);
    return stderr;
  }

  /** The devices that there are. */
  get names(): readonly string[] {
    return this.kernel.devices.map(({ name }) => name);
  }
}

function modeText(mode: number | undefined): string {
  return mode === undefined ? '' : ` mode ${mode.toString(8)}`;
}

function missing(path: string | 0): never {
  throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), {
    code: 'ENOENT',
    syscall: 'open',
  });
}
