import { DM_FLAGS, DmTargetMsg } from '../kernel/index.ts';
import type { DeviceRef } from './device-ref.ts';
import { STATS_ROOM } from './message.ts';
import { requestBytes } from './request.ts';
import type { Requester } from './requester.ts';

/** Where an answer stands: bytes `start` to `end` of `bytes`, which the next message overwrites. */
export type ReadAnswer<T> = (bytes: Uint8Array, start: number, end: number) => T;

/**
 * A message to the DM core that changes nothing and is sent again and again, as `@stats_print`: encoded once, and its
 * answer read where the kernel wrote it. A report reads thousands of regions a second, and making each request anew
 * costs more than sending it.
 */
export class StandingMessage {
  readonly #requester: Requester;
  readonly #ref: DeviceRef;
  readonly #word: string;
  readonly #request: Uint8Array;

  /** @throws UsageError for a reference that the kernel would cut */
  constructor(requester: Requester, ref: DeviceRef, text: string) {
    this.#requester = requester;
    this.#ref = ref;
    this.#word = text.split(' ', 1)[0] ?? '';
    const payload = new Uint8Array(DmTargetMsg.size + text.length + 1);
    Buffer.from(payload.buffer).write(text, DmTargetMsg.size, 'latin1');
    this.#request = requestBytes({ command: 'DM_TARGET_MSG', ref, payload, read: () => undefined });
  }

  /**
   * Sends it on this thread.
   *
   * @param read must copy what it keeps; gets no bytes when the message has no answer
   * @throws DmError as `DeviceMapper.messageBytes`
   */
  send<T>(read: ReadAnswer<T>): T {
    const { header, bytes } = this.#requester.again('DM_TARGET_MSG', this.#ref, this.#word, this.#request, STATS_ROOM);
    const { dataStart } = header;
    const hasAnswer = (header.flags & DM_FLAGS.DATA_OUT) !== 0;
    return read(bytes, dataStart, hasAnswer ? Math.max(dataStart, header.dataSize - 1) : dataStart);
  }
}
