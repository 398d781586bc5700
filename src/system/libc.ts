/**
 * The C library's calls that Node does not offer. The only file that knows the FFI library (koffi).
 * Everything is bound at first use: a program that never calls the kernel (the simulator, on macOS too) loads nothing.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { SystemError } from './errors.ts';

type Bound = (...args: readonly unknown[]) => number;
type BoundAsync = Bound & { async: (...args: readonly unknown[]) => void };

interface PollHandle {
  start(options: { readable: boolean }, callback: PollCallback): void;
  stop(): void;
  close(): void;
}
type PollCallback = (status: number, events: unknown) => void;

interface Koffi {
  readonly version: string;
  load(path: string | null): { func(name: string, result: string, args: readonly string[]): BoundAsync };
  view(pointer: unknown, length: number): ArrayBuffer;
  address(pointer: unknown): bigint;
  errno(): number;
  node: { poll(fd: number, options: { readable: boolean }, callback: PollCallback): PollHandle };
}

interface Libc {
  readonly koffi: Koffi;
  readonly ioctl: BoundAsync;
  readonly fallocate: BoundAsync;
  readonly fcntl: Bound;
  readonly lseek: Bound;
  readonly inotifyInit: Bound;
  readonly inotifyAddWatch: Bound;
  readonly inotifyRemoveWatch: Bound;
  readonly socket: Bound;
  readonly sendTo: Bound;
  readonly semget: Bound;
  readonly semctl: Bound;
  readonly semop: Bound;
}

/** The version of package.json's koffi, whose binary is loaded without its loader. */
export const KOFFI_VERSION = '3.3.4';

/**
 * Loads koffi's binary itself, where npm and glibc put it. Its own loader finds it everywhere, but reads four files of
 * JavaScript and the header of Node for that, which takes longer than all else of a command's start.
 */
function loadKoffi(): Koffi {
  // require, not import: 13 ms less CPU at every start of a command on Node 20.
  const require = createRequire(import.meta.url);
  try {
    if (isOfGlibc(process.execPath)) {
      const { arch } = process;
      const koffi = require(`@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`) as Koffi;
      if (koffi.version === KOFFI_VERSION) return koffi;
    }
  } catch {
    // It is somewhere else: koffi's own loader finds it, or says what is wrong.
  }
  return require('koffi') as Koffi;
}

/** Whether a program's first page, where linkers put its interpreter's name, names that of the GNU C library. */
function isOfGlibc(path: string): boolean {
  const page = Buffer.alloc(4096);
  const fd = openSync(path, 'r');
  readSync(fd, page);
  closeSync(fd);
  return page.includes('/ld-linux');
}

let bound: Libc | undefined;

function libc(): Libc {
  if (bound !== undefined) return bound;
  if (process.platform !== 'linux') {
    throw new Error(
      `device-mapper is a part of Linux; this is ${process.platform}: use the simulator (devicemapper/testing)`,
    );
  }
  const koffi = loadKoffi();
  const library = koffi.load(null);
  bound = {
    koffi,
    // Fixed arguments: a variadic declaration costs 50-100 ns more a call and the ABI passes these three alike.
    ioctl: library.func('ioctl', 'int', ['int', 'unsigned long', 'void *']),
    fallocate: library.func('fallocate', 'int', ['int', 'int', 'long', 'long']),
    fcntl: library.func('fcntl', 'int', ['int', 'int', 'long']),
    lseek: library.func('lseek', 'long', ['int', 'long', 'int']),
    inotifyInit: library.func('inotify_init1', 'int', ['int']),
    inotifyAddWatch: library.func('inotify_add_watch', 'int', ['int', 'str', 'uint32_t']),
    inotifyRemoveWatch: library.func('inotify_rm_watch', 'int', ['int', 'int']),
    socket: library.func('socket', 'int', ['int', 'int', 'int']),
    sendTo: library.func('sendto', 'long', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t']),
    semget: library.func('semget', 'int', ['int', 'int', 'int']),
    // Variadic as ioctl is, and as fixed here: x86-64's System V ABI and arm64's AAPCS64 pass a variadic integer in the
    // register of a named one (Apple's arm64 differs), and the 8 bytes of `union semun` as a long.
    semctl: library.func('semctl', 'int', ['int', 'int', 'int', 'long']),
    semop: library.func('semop', 'int', ['int', 'void *', 'size_t']),
  };
  return bound;
}

/**
 * Binds one more call, for the modules of this room that only a few programs need. Arguments as in C; the result is -1
 * when `errno()` has the reason.
 */
export function bindCall(name: string, args: readonly string[], result: 'int' | 'long' = 'int'): Bound {
  return libc().koffi.load(null).func(name, result, args);
}

/** This thread's error number: to be read in the statement after a call. */
export function errno(): number {
  return libc().koffi.errno();
}

/** Memory at an address that is a multiple of `alignment`, as O_DIRECT wants it; never freed (aligned_alloc(3)). */
export function alignedMemory(alignment: number, length: number): Uint8Array {
  const { koffi } = libc();
  const pointer: unknown = koffi.load(null).func('aligned_alloc', 'void *', ['size_t', 'size_t'])(alignment, length);
  if (pointer === null) throw new SystemError('aligned_alloc', koffi.errno());
  return new Uint8Array(koffi.view(pointer, length));
}

/** Where memory lies. That of a typed array of more than 64 bytes stays there as long as the array lives. */
export function memoryAddress(memory: Uint8Array): bigint {
  return libc().koffi.address(memory);
}

/** As `alignedMemory()`, but freed with its last user: for what no longer than a call of this process needs. */
export function alignedArray(alignment: number, length: number): Uint8Array {
  const memory = new Uint8Array(alignment + length);
  const past = Number(memoryAddress(memory) % BigInt(alignment));
  return memory.subarray(alignment - past, alignment - past + length);
}

/** `PROT_READ | PROT_WRITE`. */
const READ_WRITE = 3;
const MAP_SHARED = 1;
/** `MAP_FAILED`, -1 as an address. */
const MAP_FAILED = 2n ** 64n - 1n;

/** The first bytes of an open file as memory: what is stored there outlives this process. Never unmapped. Source: mmap(2). */
export function mappedMemory(fd: number, length: number): Uint8Array {
  const { koffi } = libc();
  const words = ['void *', 'size_t', 'int', 'int', 'int', 'long'];
  const pointer: unknown = koffi.load(null).func('mmap', 'void *', words)(null, length, READ_WRITE, MAP_SHARED, fd, 0);
  if (koffi.address(pointer) === MAP_FAILED) throw new SystemError('mmap', koffi.errno());
  return new Uint8Array(koffi.view(pointer, length));
}

/** Returns a call's result, or throws its errno; koffi's errno must be read before anything else runs. */
export function checked(result: number, syscall: string): number {
  if (result === -1) throw new SystemError(syscall, libc().koffi.errno());
  return result;
}

/**
 * One ioctl on this thread. For requests that return at once.
 *
 * @param name the request's name, for the error
 * @throws SystemError with the kernel's errno
 */
export function ioctl(fd: number, request: number, buffer: Uint8Array, name: string): number {
  return checked(libc().ioctl(fd, request, buffer), `ioctl(${name})`);
}

/**
 * One ioctl on a thread of the pool: the event loop goes on. The kernel's uninterruptible waits cannot be cancelled,
 * so this is for calls that end; a thread that never returns also keeps `process.exit()` from returning.
 */
export function ioctlAsync(fd: number, request: number, buffer: Uint8Array, name: string): Promise<number> {
  return onThread(libc().ioctl, [fd, request, buffer], `ioctl(${name})`);
}

function onThread(call: BoundAsync, words: readonly unknown[], name: string): Promise<number> {
  const { koffi } = libc();
  return new Promise((resolve, reject) => {
    call.async(...words, (error: unknown, result: number) => {
      if (error !== null) reject(error instanceof Error ? error : new Error(String(error)));
      else if (result === -1) reject(new SystemError(name, koffi.errno()));
      else resolve(result);
    });
  });
}

/** `fallocate(fd, mode, offset, length)` on a thread of the pool; see `ioctlAsync`. Bytes. */
export async function fallocate(fd: number, mode: number, offset: bigint, length: bigint): Promise<void> {
  await onThread(libc().fallocate, [fd, mode, offset, length], 'fallocate');
}

/** `fcntl(fd, command, argument)`. */
export function fcntl(fd: number, command: number, argument: number, name: string): number {
  return checked(libc().fcntl(fd, command, argument), `fcntl(${name})`);
}

const SEEK_END = 2;

/** `lseek(fd, 0, SEEK_END)`, which Node does not offer. */
export function seekToEnd(fd: number): void {
  checked(libc().lseek(fd, 0, SEEK_END), 'lseek');
}

/** `inotify_init1(flags)`: a new descriptor. */
export function inotifyInit(flags: number): number {
  return checked(libc().inotifyInit(flags), 'inotify_init1');
}

/** `inotify_add_watch(fd, path, mask)`: the watch's number. */
export function inotifyAddWatch(fd: number, path: string, mask: number): number {
  return checked(libc().inotifyAddWatch(fd, path, mask), 'inotify_add_watch');
}

/** `inotify_rm_watch(fd, watch)`. */
export function inotifyRemoveWatch(fd: number, watch: number): void {
  checked(libc().inotifyRemoveWatch(fd, watch), 'inotify_rm_watch');
}

/** `socket(domain, type, protocol)`: a new descriptor. */
export function socket(domain: number, type: number, protocol: number): number {
  return checked(libc().socket(domain, type, protocol), 'socket');
}

/** `sendto(fd, data, address)`. */
export function sendTo(fd: number, data: Uint8Array, address: Uint8Array): void {
  checked(libc().sendTo(fd, data, data.length, 0, address, address.length), 'sendto');
}

/** `semget(key, count, flags)`: the set's number. */
export function semget(key: number, count: number, flags: number): number {
  return checked(libc().semget(key, count, flags), 'semget');
}

/** `semctl(id, index, command, argument)`. */
export function semctl(id: number, index: number, command: number, argument: number, name: string): number {
  return checked(libc().semctl(id, index, command, argument), `semctl(${name})`);
}

/** `semop(id, operations, count)`. For operations that return at once. */
export function semop(id: number, operations: Uint8Array, count: number): number {
  return checked(libc().semop(id, operations, count), 'semop');
}

let mknodBound: Bound | undefined;

/**
 * `mknod(path, mode, dev)`. Bound on its own: before version 2.33 the GNU C library had it in headers only, and no
 * other call should fail for that.
 */
export function mknod(path: string, mode: number, dev: bigint): void {
  mknodBound ??= libc().koffi.load(null).func('mknod', 'int', ['str', 'uint32_t', 'uint64_t']);
  checked(mknodBound(path, mode, dev), `mknod(${path})`);
}
// koffi closes a poll handle that is garbage collected, without a word.
const live = new Set<FdWatcher>();

/** Calls back each time a descriptor turns readable (level-triggered), on Node's event loop. */
export class FdWatcher implements Disposable {
  readonly #handle: PollHandle;
  readonly #onReady: () => void;

  constructor(fd: number, onReady: () => void) {
    this.#onReady = onReady;
    live.add(this);
    this.#handle = libc().koffi.node.poll(fd, { readable: true }, this.#fire);
  }

  readonly #fire: PollCallback = (status) => {
    // An exception that left this function would stay pending in V8 and surface at the next native call; and Node 26
    // does not drain microtasks after it. So the real work runs from setImmediate, and the handle stops until then.
    this.#handle.stop();
    setImmediate(() => {
      if (!live.has(this)) return;
      this.#onReady();
      if (status < 0 && live.has(this)) this.resume();
    });
  };

  /** Asks for the next readiness; each call of the handler is followed by silence until then. */
  resume(): void {
    if (live.has(this)) this.#handle.start({ readable: true }, this.#fire);
  }

  [Symbol.dispose](): void {
    if (live.delete(this)) this.#handle.close();
  }
}
