import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Accelerator = 'kvm' | 'tcg';

export interface MachineOptions {
  readonly accelerator: Accelerator;
  readonly kernelImage: string;
  readonly initramfs: Buffer;
  readonly memoryMib: number;
  readonly outFolder: string;
}

/** A running QEMU. It dies with this process, and no file of it is ever left behind. */
export interface Machine {
  readonly process: ChildProcess;
  /** The guest's ports, see guest/agent.sh. */
  readonly control: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** The serial console and what QEMU itself has to say. */
  readonly logs: readonly Socket[];
}

const gibibyte = 2 ** 30;

// no_timer_check, tsc=reliable, rcu_expedited, random.trust_cpu: each saves boot time in emulation.
const kernelCommandLine = [
  ...['console=ttyS0', 'panic=-1', 'quiet', 'mitigations=off', 'tsc=reliable', 'no_timer_check'],
  ...['rcupdate.rcu_expedited=1', 'random.trust_cpu=on', 'nokaslr', 'audit=0'],
].join(' ');

export function startMachine(options: MachineOptions): Machine {
  // Files without a name: QEMU opens them through /dev/fd.
  const files = [namelessFile(options.initramfs), namelessFile(2 * gibibyte), namelessFile(2 * gibibyte)];
  const sockets = Array.from({ length: 6 }, () => 'pipe' as const);
  const child = spawn(
    'setpriv',
    ['--pdeathsig', 'KILL', 'qemu-system-x86_64', ...qemuArguments(options)],
    // A session of its own: Ctrl-C is ours to handle.
    { detached: true, stdio: ['ignore', ...sockets, ...files] },
  );
  for (const file of files) closeSync(file);
  const [, output, errors, control, stdout, stderr, console] = child.stdio as unknown as Socket[];
  return { process: child, control, stdout, stderr, logs: [output, errors, console] } as Machine;
}

function qemuArguments(options: MachineOptions): string[] {
  const { accelerator, kernelImage, memoryMib, outFolder } = options;
  const accel = accelerator === 'kvm' ? 'kvm' : 'tcg,thread=multi';
  // Emulated vectors of 256 bits cost a start of Node a quarter of its time.
  const cpu = accelerator === 'kvm' ? 'max' : 'max,avx=off,avx2=off,erms=off,fsrm=off';
  return [
    ...['-M', 'q35,usb=off,smm=off', '-bios', '/usr/share/qemu/qboot.rom', '-nodefaults'],
    ...['-accel', accel, '-cpu', cpu, '-smp', '2', '-m', `${memoryMib}`],
    ...['-display', 'none', '-no-reboot'],
    ...['-kernel', kernelImage, '-initrd', '/dev/fd/7', '-append', kernelCommandLine],
    ...socket('console', 6),
    ...['-serial', 'chardev:console', '-device', 'virtio-serial-pci'],
    ...port(1, 'control', 3),
    ...port(2, 'stdout', 4),
    ...port(3, 'stderr', 5),
    // multidevs=remap: the host's tree spans file systems whose inode numbers collide.
    ...share('root', '/', ',readonly=on,multidevs=remap'),
    ...share('out', outFolder, ''),
    ...disk('vda', 8),
    ...disk('vdb', 9),
  ];
}

function socket(id: string, fd: number): string[] {
  return ['-chardev', `socket,id=${id},fd=${fd}`];
}

function port(number: number, name: string, fd: number): string[] {
  return [...socket(name, fd), '-device', `virtserialport,nr=${number},chardev=${name},name=${name}`];
}

function share(tag: string, folder: string, options: string): string[] {
  // A comma in a value is doubled.
  const path = folder.replaceAll(',', ',,');
  return [
    ...['-fsdev', `local,id=${tag},path=${path},security_model=none${options}`],
    ...['-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`],
  ];
}

function disk(id: string, fd: number): string[] {
  const file = `file=/dev/fd/${fd},format=raw,cache=unsafe,discard=unmap`;
  return ['-drive', `if=none,id=${id},${file}`, '-device', `virtio-blk-pci,drive=${id}`];
}

/** A file with the given content, or a sparse one of the given size, that has no name any more. */
function namelessFile(content: Buffer | number): number {
  const folder = mkdtempSync(join(tmpdir(), 'devicemapper-lab-'));
  try {
    const file = openSync(join(folder, 'file'), 'wx+');
    if (typeof content === 'number') ftruncateSync(file, content);
    else writeSync(file, content);
    return file;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
