import { hasCode } from './errors.ts';
import { bindCall, checked } from './libc.ts';

// Source: openat2(2), include/uapi/linux/openat2.h; the number is the same on all architectures.
const SYS_OPENAT2 = 437;
const AT_FDCWD = -100;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const RESOLVE_CACHED = 0x20n;

let openat2: ReturnType<typeof bindCall> | undefined;

/**
 * Opens what a path names, for `fstat` only, as far as the kernel's caches know it: it never waits for a device.
 *
 * @returns undefined when the caches do not know, or on a kernel before 5.12
 * @throws SystemError ENOENT, ENOTDIR, EACCES
 */
export function openCached(path: string): number | undefined {
  openat2 ??= bindCall('syscall', ['long', 'int', 'str', 'void *', 'size_t'], 'long');
  // struct open_how: flags, mode, resolve.
  const how = new BigUint64Array([BigInt(O_PATH | O_CLOEXEC), 0n, RESOLVE_CACHED]);
  try {
    return checked(openat2(SYS_OPENAT2, AT_FDCWD, path, how, how.byteLength), 'openat2');
  } catch (error) {
    if (hasCode(error, 'EAGAIN', 'EINVAL', 'ENOSYS', 'EPERM')) return undefined;
    throw error;
  }
}
