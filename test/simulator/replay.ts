/** Replays what a probe of real kernels did, against the line that it printed. */
import assert from 'node:assert/strict';
import {
  DM_NAME_LIST_NAME_OFFSET,
  type DmCommand,
  DmIoctl,
  DmNameList,
  DmTargetDeps,
  DmTargetSpec,
  DmTargetVersions,
  decodeDeviceNumber,
  encodeDeviceNumber,
} from '../../src/kernel/index.ts';
import type { ControlNode } from '../../src/mapper/control-node.ts';
import { type KernelRelease, type SimulatedControlNode, SimulatedKernel } from '../../src/simulator/index.ts';
import {
  type Ask,
  flagText,
  golden,
  headerText,
  type Line,
  messagePayload,
  probe,
  requestBytes,
  tablePayload,
} from './support.ts';

export const dev = (major: number, minor: number): bigint => encodeDeviceNumber({ major, minor });

/** The releases of the captures, by the suffix of the files. */
export const CAPTURES: readonly (readonly [suffix: string, release: KernelRelease])[] = [
  ['61', '6.1'],
  ['612', '6.12'],
];

const textAt = (bytes: Uint8Array, at: number): string =>
  Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('latin1');

/** Strings as Python writes them. */
export const repr = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}'`;

/** A capture that is walked line by line: each is matched or skipped, none is passed over. */
export class Replay {
  readonly kernel: SimulatedKernel;
  readonly node: SimulatedControlNode;
  readonly #lines: readonly string[];
  #at = 0;
  /** How many lines the simulator answered. */
  matched = 0;

  constructor(file: string, release: KernelRelease) {
    this.#lines = golden(file);
    this.kernel = new SimulatedKernel({ kernel: release });
    // The probe's ram disks.
    for (let minor = 0; minor < 8; minor++) {
      this.kernel.addDisk({ sectors: 8192, number: { major: 1, minor }, path: `/dev/ram${minor}` });
    }
    this.node = this.kernel.openControl();
  }

  /** The simulator's line is the capture's next one. */
  line(text: string): void {
    assert.equal(text, this.#lines[this.#at], `line ${this.#at + 1}`);
    this.#at++;
    this.matched++;
  }

  /** Lines that the simulator has no answer to, and why. */
  skip(beginnings: readonly string[], why: string): void {
    assert.notEqual(why, '');
    for (const beginning of beginnings) {
      const line = this.#lines[this.#at] ?? '';
      assert.ok(line.startsWith(beginning), `line ${this.#at + 1} is "${line}", not "${beginning}…"`);
      this.#at++;
    }
  }

  /** Lines up to the one that begins so, all of what the reason says. */
  skipTo(beginning: string, why: string): void {
    assert.notEqual(why, '');
    while (!(this.#lines[this.#at] ?? assert.fail(`no "${beginning}"`)).startsWith(beginning)) this.#at++;
  }

  /** Nothing is left over. */
  end(): void {
    this.skip(['END-PROBE'], 'the probe’s own');
    assert.deepEqual(this.#lines.slice(this.#at).join(''), '');
  }

  ask(command: DmCommand, ask: Ask = {}, node: SimulatedControlNode = this.node): string {
    return probe(node, command, ask).text;
  }

  /** Asks, and compares with the line of that label. */
  step(label: string, command: DmCommand, ask: Ask = {}): void {
    this.line(`${label}: ${this.ask(command, ask)}`);
  }

  load(name: string, lines: readonly Line[], more: Ask = {}): string {
    return this.ask('DM_TABLE_LOAD', { name, targetCount: lines.length, payload: tablePayload(lines), ...more });
  }

  /** Makes a device with a live table. */
  make(name: string, lines: readonly Line[], uuid = ''): void {
    this.ask('DM_DEV_CREATE', { name, uuid });
    this.load(name, lines);
    this.ask('DM_DEV_SUSPEND', { name });
  }

  message(name: string, text: string, more: Ask & { sector?: bigint } = {}): string {
    const payload = messagePayload(text);
    new DataView(payload.buffer, payload.byteOffset).setBigUint64(0, more.sector ?? 0n, true);
    const { text: answer, bytes } = probe(this.node, 'DM_TARGET_MSG', { name, payload, ...more });
    if (!answer.startsWith('rc=0')) return `('${answer}', None, '')`;
    const { dataStart, dataSize, flags } = DmIoctl.at(bytes);
    const shown = flagText(flags);
    if (!shown.includes('DATAOUT')) return `(0, None, '${shown}')`;
    const result = dataSize > dataStart ? Buffer.from(bytes.subarray(dataStart, dataSize - 1)).toString('latin1') : '';
    return `(0, ${repr(result)}, '${shown}')`;
  }

  /** The table or status of a device, with its header. */
  table(ask: Ask): { header: string; targets: string; bytes: Uint8Array } {
    const { text, bytes } = probe(this.node, 'DM_TABLE_STATUS', ask);
    const { dataStart, dataSize, targetCount } = DmIoctl.at(bytes);
    const targets: string[] = [];
    let at = dataStart;
    for (let index = 0; index < targetCount && dataSize > dataStart; index++) {
      const { sectorStart, length, targetType, next } = DmTargetSpec.at(bytes, at);
      const params = textAt(bytes, at + DmTargetSpec.size);
      targets.push(`(${sectorStart}, ${length}, '${targetType}', '${params}', ${next})`);
      at = dataStart + next;
    }
    return { header: text, targets: `[${targets.join(', ')}]`, bytes };
  }

  deps(ask: Ask): string {
    const { text, bytes } = probe(this.node, 'DM_TABLE_DEPS', ask);
    const { dataStart } = DmIoctl.at(bytes);
    const { count, padding } = DmTargetDeps.at(bytes, dataStart);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const devices = Array.from({ length: count }, (_, index) => {
      const number = view.getBigUint64(dataStart + DmTargetDeps.size + 8 * index, true);
      const { major, minor } = decodeDeviceNumber(number);
      return `(${major}, ${minor})`;
    });
    return `${text} (${count}, ${padding}) [${devices.join(', ')}]`;
  }

  list(ask: Ask = {}): string {
    const { text, bytes } = probe(this.node, 'DM_LIST_DEVICES', ask);
    const { dataStart, dataSize } = DmIoctl.at(bytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const records: string[] = [];
    for (let at = dataStart, next = 1; at < dataSize && next > 0; at += next) {
      ({ next } = DmNameList.at(bytes, at));
      const name = textAt(bytes, at + DM_NAME_LIST_NAME_OFFSET);
      const stateAt = Math.ceil((at + DM_NAME_LIST_NAME_OFFSET + name.length + 1) / 8) * 8;
      const flags = view.getUint32(stateAt + 4, true);
      const uuid = (flags & 1) === 0 ? 'None' : `b'${textAt(bytes, stateAt + 8)}'`;
      const { minor } = decodeDeviceNumber(DmNameList.at(bytes, at).dev);
      records.push(`('${name}', ${minor}, ${view.getUint32(stateAt, true)}, ${flags}, ${uuid}, ${next})`);
    }
    return `${text} [${records.join(', ')}]`;
  }

  /** `DM_LIST_VERSIONS` in two lines. */
  versions(): readonly [string, string] {
    const { text, bytes } = probe(this.node, 'DM_LIST_VERSIONS', {});
    const records: string[] = [];
    for (let at = DmIoctl.at(bytes).dataStart, next = 1; next > 0; at += next) {
      const head = DmTargetVersions.at(bytes, at);
      next = head.next;
      records.push(`('${textAt(bytes, at + DmTargetVersions.size)}', '${head.version.join('.')}', ${next})`);
    }
    return [text, `[${records.join(', ')}]`];
  }

  /** Waits for an event of a device; the text is there once the call has ended. */
  wait(name: string, eventNr: number): { text: string | undefined; readonly ended: Promise<void> } {
    const bytes = requestBytes({ name, eventNr });
    const waiting: { text: string | undefined; ended: Promise<void> } = { text: undefined, ended: Promise.resolve() };
    waiting.ended = this.node.ioctlAsync('DM_DEV_WAIT', bytes).then(() => {
      waiting.text = `   WAIT returned ${headerText(bytes)}`;
    });
    return waiting;
  }
}

/** Whether a node has events, as poll(2) on the descriptor 4 says it. */
export async function pollText(node: ControlNode): Promise<string> {
  const controller = new AbortController();
  let text = '[]';
  const told = node.eventsPending(controller.signal).then(
    () => {
      text = '[(4, 1)]';
    },
    () => {},
  );
  await Promise.resolve();
  controller.abort();
  await told;
  return text;
}
