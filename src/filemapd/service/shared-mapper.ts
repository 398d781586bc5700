import type { ControlNode } from '../../mapper/control-node.ts';
import { DeviceMapper } from '../../mapper/device-mapper.ts';
import type { DeviceRef } from '../../mapper/device-ref.ts';
import type { MessageOptions } from '../../mapper/message.ts';
import type { DeviceMapperOptions } from '../../mapper/options.ts';

/** For so many milliseconds a device's list serves all its files, unless this process changes a region. */
const FRESH_MS = 50;

/** A device-mapper that lists a device's regions once for all who ask at about the same time. */
export class SharedMapper extends DeviceMapper {
  readonly #lists = new Map<string, { readonly bytes: Promise<Uint8Array>; readonly at: number }>();
  readonly #now: () => number;

  /** @param now monotonic milliseconds */
  constructor(node: ControlNode, now: () => number, options: DeviceMapperOptions = {}) {
    super(node, options);
    this.#now = now;
  }

  /** Makes the next list a new one, after another process has changed regions. */
  forget({ major, minor }: { readonly major: number; readonly minor: number }): void {
    this.#lists.delete(`${major}:${minor}`);
  }

  override async messageBytes(
    ref: DeviceRef,
    text: string | Uint8Array,
    options: MessageOptions = {},
  ): Promise<Uint8Array | undefined> {
    if (text === '@stats_list' && 'major' in ref)
      return this.#list(`${ref.major}:${ref.minor}`, () => super.messageBytes(ref, text, options));
    return this.#send(ref, text, () => super.messageBytes(ref, text, options));
  }

  override async message(
    ref: DeviceRef,
    text: string | Uint8Array,
    options: MessageOptions = {},
  ): Promise<string | undefined> {
    return this.#send(ref, text, () => super.message(ref, text, options));
  }

  /** Sends a message; when it changes a region, the device's next list is a new one. */
  async #send<T>(ref: DeviceRef, text: string | Uint8Array, send: () => Promise<T>): Promise<T> {
    const word = (typeof text === 'string' ? text : Buffer.from(text).toString('latin1')).split(' ', 1)[0] ?? '';
    if (!('major' in ref) || word === '@stats_list' || word === '@stats_print') return send();
    try {
      return await send();
    } finally {
      this.forget(ref);
    }
  }

  #list(key: string, read: () => Promise<Uint8Array | undefined>): Promise<Uint8Array> {
    const now = this.#now();
    const known = this.#lists.get(key);
    if (known !== undefined && now - known.at < FRESH_MS) return known.bytes;
    // A copy: the answer's buffer has room for the longest list of any device.
    const bytes = read().then((list) => list?.slice() ?? new Uint8Array(0));
    this.#lists.set(key, { bytes, at: now });
    return bytes;
  }
}
