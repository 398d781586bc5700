import { closeSync } from 'node:fs';
import { sendTo, socket } from './libc.ts';

const AF_UNIX = 1;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;

/**
 * Tells the service manager a state such as `READY=1`, when it asked for one. Source: sd_notify(3).
 *
 * @param path the value of `$NOTIFY_SOCKET`; undefined or empty: nothing is sent
 * @returns whether a message was sent
 */
export function sdNotify(state: string, path: string | undefined): boolean {
  if (path === undefined || path === '') return false;
  const fd = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  try {
    // A leading @ stands for the NUL of the abstract name space; a path's address ends with its NUL.
    const name = path.startsWith('@') ? `\0${path.slice(1)}` : `${path}\0`;
    const address = Buffer.concat([new Uint8Array(new Uint16Array([AF_UNIX]).buffer), Buffer.from(name)]);
    sendTo(fd, Buffer.from(state), address);
  } finally {
    closeSync(fd);
  }
  return true;
}
