import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { DeviceInfo } from './device-info.ts';
import { type DeviceRef, refText } from './device-ref.ts';
import { DmError } from './errors.ts';
import type { SuspendOptions } from './options.ts';

/** What a guard asks of device-mapper. */
export interface Suspender {
  info(ref: DeviceRef): Promise<DeviceInfo>;
  suspend(ref: DeviceRef, options: SuspendOptions): Promise<unknown>;
  resume(ref: DeviceRef): Promise<unknown>;
}

/** Suspends a device under a guard; see `DeviceMapper.suspended`. */
export async function suspendGuarded(dm: Suspender, ref: DeviceRef, options: SuspendOptions): Promise<SuspendGuard> {
  const { number, active } = await dm.info(ref);
  if (!active) {
    const reason = 'it has no live table: nothing could resume it';
    throw new DmError({ op: 'DM_DEV_SUSPEND', errno: ERRNO.EINVAL, device: refText(ref), reason });
  }
  await dm.suspend(number, options);
  const guard = new SuspendGuard(number, () => dm.resume(number));
  if (options.signal?.aborted === true) {
    await guard.resume();
    options.signal.throwIfAborted();
  }
  return guard;
}

/**
 * A suspended device that is resumed when the guard is disposed of, whatever happened meanwhile.
 *
 * A table that was loaded under the guard becomes live with it. When the kernel refuses that table, the guard resumes
 * the device on the table that is there, and then throws the refusal. Nothing resumes a device whose process was killed.
 */
export class SuspendGuard implements AsyncDisposable {
  /** The device: its name may change while it is suspended, its number cannot. */
  readonly number: DeviceNumber;
  readonly #resume: () => Promise<unknown>;
  #resumed: Promise<void> | undefined;

  /** Use `DeviceMapper.suspended`. */
  constructor(number: DeviceNumber, resume: () => Promise<unknown>) {
    this.number = number;
    this.#resume = resume;
  }

  /**
   * Resumes the device now; disposing of the guard does nothing any more.
   *
   * @throws DmError the refusal of a table that was loaded meanwhile. Its remedy says so when the device could not be
   *   resumed at all; then call again, after what was wrong is right
   */
  async resume(): Promise<void> {
    this.#resumed ??= this.#resumeOrRollBack();
    await this.#resumed;
  }

  /** The same as `resume`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.resume();
  }

  async #resumeOrRollBack(): Promise<void> {
    try {
      await this.#resume();
    } catch (error) {
      if (await this.#rollsBack()) {
        this.#resumed = Promise.resolve();
        throw error;
      }
      this.#resumed = undefined;
      if (!(error instanceof DmError)) throw error;
      const { op, errno, reason } = error;
      const remedy = 'the device is still suspended: load a table that fits and resume it';
      throw new DmError({ op, errno, device: refText(this.number), reason, remedy });
    }
  }

  // The kernel has thrown the refused table away and kept the old one live, but the device suspended.
  async #rollsBack(): Promise<boolean> {
    try {
      await this.#resume();
      return true;
    } catch {
      return false;
    }
  }
}
