import { NlMsgHdr, type UlogRequestName } from '../../kernel/dm-log-userspace.ts';
import {
  constructorData,
  decodeReply,
  encodeRequest,
  type KernelReply,
  regionData,
  words64,
} from '../protocol/kernel-side.ts';

/** A way to a dirty-log server, without a kernel. */
export interface ConformanceTransport {
  /** Hands a datagram over; resolves with all that the server sends until it has answered, or has had time enough. */
  exchange(datagram: Uint8Array): Promise<readonly Uint8Array[]>;
}

/** Whether a request's answer is among what was sent, or what nobody can read. */
export function hasAnswer(sent: readonly Uint8Array[], request: Uint8Array): boolean {
  const { seq } = NlMsgHdr.at(request);
  return sent.map(decodeReply).some((reply) => reply.kind === 'broken' || reply.seq === seq);
}

/** The server does what the kernel cannot live with. */
export class Breach extends Error {
  override readonly name = 'Breach';
}

/** Room for an answer's payload that the kernel keeps, in bytes; what is not named has none. */
const ROOM: Partial<Record<UlogRequestName, number>> = {
  CTR: 128,
  GET_REGION_SIZE: 8,
  IS_CLEAN: 8,
  IN_SYNC: 8,
  GET_SYNC_COUNT: 8,
  GET_RESYNC_WORK: 16,
  IS_REMOTE_RECOVERING: 16,
  STATUS_INFO: 1024,
  STATUS_TABLE: 1024,
};

/** An answer as the kernel takes it. */
export interface KitAnswer {
  readonly error: number;
  readonly values: readonly number[];
  readonly text: string;
  readonly bytes: number;
}

/** What a scenario asks with; each answer is held against the rules that all have in common. */
export class KitKernel {
  readonly uuid: string;
  luid = 0xffff_8881_2345_6000n;
  readonly #transport: ConformanceTransport;
  #seq = 0x7fff_ff00;

  constructor(transport: ConformanceTransport, uuid: string) {
    this.#transport = transport;
    this.uuid = uuid;
  }

  /** Makes a constructor's payload and sends it. */
  construct(words: string, { reconnects = false } = {}): Promise<KitAnswer> {
    return this.#ask('CTR', constructorData(words, { reconnects }), reconnects ? 0 : 128);
  }

  /** Sends a request about these 64-bit words. */
  ask(type: UlogRequestName, ...values: readonly number[]): Promise<KitAnswer> {
    return this.#ask(type, regionData(...values), ROOM[type] ?? 0);
  }

  /** Sends a request that has to succeed. */
  async must(type: UlogRequestName, ...values: readonly number[]): Promise<KitAnswer> {
    const answer = await this.ask(type, ...values);
    if (answer.error !== 0) throw new Breach(`${type} ${values} is answered with error ${answer.error}`);
    return answer;
  }

  /** Sends what is no request; what comes back. */
  raw(datagram: Uint8Array): Promise<readonly Uint8Array[]> {
    return this.#transport.exchange(datagram);
  }

  async #ask(type: UlogRequestName, data: Uint8Array, room: number): Promise<KitAnswer> {
    const seq = ++this.#seq;
    const sent = await this.#transport.exchange(encodeRequest({ type, luid: this.luid, uuid: this.uuid, seq, data }));
    const answers = sent.map(decodeReply);
    for (const answer of answers) {
      if (answer.kind === 'broken') throw new Breach(`${type} is answered with a broken datagram: ${answer.fault}`);
    }
    const own = answers.filter((answer) => answer.kind !== 'broken' && answer.seq === seq);
    if (own.length !== 1) throw new Breach(`${type} is answered ${own.length} times`);
    return take(type, own[0], room);
  }
}

function take(type: UlogRequestName, answer: KernelReply | undefined, room: number): KitAnswer {
  if (answer === undefined || answer.kind === 'broken') throw new Breach(`${type} is not answered`);
  if (answer.kind === 'acknowledgement') return { error: answer.error, values: [], text: '', bytes: 0 };
  if (answer.error > 0) throw new Breach(`${type} is answered with the positive error ${answer.error}`);
  if (answer.data.length > room) {
    throw new Breach(`${type} is answered with ${answer.data.length} bytes of data, the kernel has room for ${room}`);
  }
  return {
    error: answer.error,
    values: words64(answer.data),
    text: new TextDecoder().decode(answer.data),
    bytes: answer.data.length,
  };
}
