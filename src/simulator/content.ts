import { SystemError } from '../system/errors.ts';
import type { IoRequest, SimulatedIo } from './io.ts';
import { SECTOR_BYTES } from './medium.ts';

/** How content is read or written. */
export interface ContentOptions {
  /** Nanoseconds that the disks take, default 0. */
  readonly durationNs?: number;
  /** The CPU that issues it, default 0. */
  readonly cpu?: number;
  /** Stops the wait, for example for a device that is suspended; the I/O itself goes on. */
  readonly signal?: AbortSignal;
}

/** Where content goes or comes from. */
interface ContentRequest extends ContentOptions, Pick<IoRequest, 'device' | 'direction' | 'sector'> {
  readonly bytes: Uint8Array;
}

/** Moves content by one I/O. @throws SystemError the I/O's errno; the signal's reason */
export async function moveContent(
  kernel: { io(request: IoRequest): SimulatedIo },
  { bytes, durationNs = 0, signal, ...request }: ContentRequest,
): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => reject(signal?.reason);
    const onEnd = ({ errno }: SimulatedIo): void => {
      signal?.removeEventListener('abort', stop);
      if (errno === undefined) resolve();
      else reject(new SystemError(request.direction, errno, `sector ${request.sector}`));
    };
    signal?.addEventListener('abort', stop, { once: true });
    kernel.io({ ...request, sectors: bytes.length / SECTOR_BYTES, bytes, durationNs, onEnd });
  });
}
