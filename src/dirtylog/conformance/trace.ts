/** Recorded requests of a kernel and the answers of a server: written by `dmlogd trace`, and asked again here. */
import { DM_ULOG, ulogRequestName } from '../../kernel/dm-log-userspace.ts';
import { ERRNO } from '../../kernel/errno.ts';
import { DmParseError } from '../../mapper/errors.ts';
import { Datagram } from '../protocol/datagram.ts';
import { decodeReply, type KernelReply } from '../protocol/kernel-side.ts';
import type { ConformanceTransport } from './kernel.ts';

/** One datagram of a trace. */
export interface TracedDatagram {
  readonly from: 'kernel' | 'server';
  /** Milliseconds of the clock of the server that was traced. */
  readonly ms: number;
  readonly bytes: Uint8Array;
}

/** An answer that is another than the recorded one. */
export interface ReplayDifference {
  /** The number of the request in the trace, from 1. */
  readonly request: number;
  readonly type: string;
  readonly recorded: string;
  readonly replayed: string;
}

/** Reads a trace: a line of JSON for each datagram, the first one about the format. @throws DmParseError naming the line */
export function parseTrace(text: string): TracedDatagram[] {
  const datagrams: TracedDatagram[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const value = parseLine(line);
    if (typeof value !== 'object' || value === null || !('from' in value)) throw noTrace(line, index);
    if (value.from === 'dmlogd') continue;
    const isOfTrace = value.from === 'kernel' || value.from === 'server';
    if (!isOfTrace || !('bytes' in value) || typeof value.bytes !== 'string' || !('ms' in value)) {
      throw noTrace(line, index);
    }
    const from = value.from === 'kernel' ? 'kernel' : 'server';
    datagrams.push({ from, ms: Number(value.ms), bytes: new Uint8Array(Buffer.from(value.bytes, 'base64')) });
  }
  return datagrams;
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function noTrace(line: string, index: number): DmParseError {
  return new DmParseError(`expected a datagram of a trace in line ${index + 1}`, line, 1);
}

/** What came of a replay. */
export interface Replay {
  readonly requests: number;
  /** Requests whose answers the trace does not have: it was ended between the two, or the server was. */
  readonly unanswered: number;
  /** Requests for logs that were constructed before the trace began: what they were like it does not tell. */
  readonly older: number;
  readonly differences: readonly ReplayDifference[];
}

/** Asks a server what a trace's kernel has asked, and compares the answers that the trace has. */
export async function replayTrace(trace: readonly TracedDatagram[], transport: ConformanceTransport): Promise<Replay> {
  const recorded = repliesBySeq(trace.filter(({ from }) => from === 'server').map(({ bytes }) => bytes));
  const asked: { readonly seq: number; readonly type: string }[] = [];
  const sent: Uint8Array[] = [];
  const constructed = new Set<bigint>();
  let older = 0;
  for (const { from, bytes } of trace) {
    if (from !== 'kernel') continue;
    const datagram = new Datagram();
    datagram.bytes.set(bytes);
    if (datagram.decode(bytes.length) !== 'request') continue;
    const { luid, seq, type } = datagram;
    if (type === DM_ULOG.CTR) constructed.add(luid);
    if (!constructed.has(luid) && !isUnknownLog(recorded.get(seq))) {
      older++;
      continue;
    }
    asked.push({ seq, type: ulogRequestName(type) ?? '' });
    sent.push(...(await transport.exchange(bytes)));
  }
  const replayed = repliesBySeq(sent);
  const differences: ReplayDifference[] = [];
  let unanswered = 0;
  for (const [index, { seq, type }] of asked.entries()) {
    const reply = recorded.get(seq);
    if (reply === undefined) {
      unanswered++;
      continue;
    }
    const before = replyText(reply);
    const now = replyText(replayed.get(seq));
    if (before !== now) differences.push({ request: index + 1, type, recorded: before, replayed: now });
  }
  return { requests: asked.length, unanswered, older, differences };
}

/** Whether the server that was traced did not know the log either. */
function isUnknownLog(reply: KernelReply | undefined): boolean {
  return reply !== undefined && reply.kind !== 'broken' && reply.error === -ERRNO.ESRCH;
}

/** The numbers of the log devices that a trace's constructors name, as far as its statuses tell them. */
export function tracedDevices(trace: readonly TracedDatagram[]): Map<string, string> {
  const nameOfLuid = new Map<bigint, string>();
  const nameOfStatus = new Map<number, string>();
  const numbers = new Map<string, string>();
  for (const { from, bytes } of trace) {
    if (from === 'server') {
      const reply = decodeReply(bytes);
      const name = reply.kind === 'broken' ? undefined : nameOfStatus.get(reply.seq);
      if (name === undefined || reply.kind !== 'reply') continue;
      const number = /^3 \S+ (\d+:\d+) /.exec(Buffer.from(reply.data).toString('latin1'))?.[1];
      if (number !== undefined) numbers.set(name, number);
      continue;
    }
    const datagram = new Datagram();
    datagram.bytes.set(bytes);
    if (datagram.decode(bytes.length) !== 'request') continue;
    const name = datagram.type === DM_ULOG.CTR ? datagram.text().split(' ')[2] : nameOfLuid.get(datagram.luid);
    if (name === undefined) continue;
    if (datagram.type === DM_ULOG.CTR) nameOfLuid.set(datagram.luid, name);
    if (datagram.type === DM_ULOG.STATUS_INFO) nameOfStatus.set(datagram.seq, name);
  }
  return numbers;
}

function repliesBySeq(datagrams: readonly Uint8Array[]): Map<number, KernelReply> {
  const replies = new Map<number, KernelReply>();
  for (const bytes of datagrams) {
    const reply = decodeReply(bytes);
    if (reply.kind !== 'broken') replies.set(reply.seq, reply);
  }
  return replies;
}

function replyText(reply: KernelReply | undefined): string {
  if (reply === undefined) return 'no answer';
  if (reply.kind === 'broken') return reply.fault;
  const data = reply.kind === 'reply' ? Buffer.from(reply.data).toString('hex') : '';
  return `${reply.kind}, error ${reply.error}${data === '' ? '' : `, data ${data}`}`;
}
