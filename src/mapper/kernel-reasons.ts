import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { KernelLog } from '../system/kernel-log.ts';
import { statusCall } from './device-calls.ts';
import type { DeviceRef } from './device-ref.ts';
import { DmError, DmParseError } from './errors.ts';
import { complaint, type KmsgRecord, parseKmsgRecord } from './kmsg.ts';
import type { Requester } from './requester.ts';

/** Gives refusals the reason that the kernel wrote into its log: an errno cannot tell which word of a table is wrong. */
export class KernelReasons {
  readonly #requester: Requester;
  readonly #openLog: () => KernelLog | undefined;

  constructor(requester: Requester, openLog: () => KernelLog | undefined) {
    this.#requester = requester;
    this.#openLog = openLog;
  }

  /** Does `action`; a `DmError` of its leaves with what the log said of the device meanwhile. */
  async during<T>(ref: DeviceRef, action: () => Promise<T>): Promise<T> {
    // At its end before the request: what it says of the device afterwards is about this request.
    using log = this.#openLog();
    try {
      return await action();
    } catch (error) {
      if (log === undefined || !(error instanceof DmError)) throw error;
      const number = this.#numberOf(ref);
      if (number === undefined) throw error;
      const reason = complaint(readable(log.read()), number);
      if (reason === undefined) throw error;
      const { op, errno, device, remedy } = error;
      throw new DmError({ op, errno, device, reason, remedy });
    }
  }

  #numberOf(ref: DeviceRef): DeviceNumber | undefined {
    if ('major' in ref) return ref;
    try {
      return this.#requester.now(statusCall(ref)).number;
    } catch (error) {
      if (DmError.is(error)) return undefined;
      throw error;
    }
  }
}

function readable(texts: readonly string[]): KmsgRecord[] {
  const records: KmsgRecord[] = [];
  for (const text of texts) {
    try {
      records.push(parseKmsgRecord(text));
    } catch (error) {
      // A record that cannot be read is no reason to hide the refusal.
      if (!(error instanceof DmParseError)) throw error;
    }
  }
  return records;
}
