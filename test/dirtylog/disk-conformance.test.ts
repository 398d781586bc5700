import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkDiskConformance, DISK_SCENARIOS } from '../../src/dirtylog/conformance/check.ts';
import type { DiskTransport, KitDevice } from '../../src/dirtylog/conformance/disk-kernel.ts';
import { MemoryServer } from '../../src/dirtylog/conformance/memory-server.ts';
import { ProcessServer } from '../../src/dirtylog/conformance/process-server.ts';

const brokenBy = async (transport: DiskTransport): Promise<string[]> => {
  const results = await checkDiskConformance(transport);
  return results.filter(({ breach }) => breach !== undefined).map(({ name }) => name);
};

test('LogServer breaks nothing of the rules of logs on devices', async () => {
  assert.deepEqual(await brokenBy(new MemoryServer()), []);
});

// Bytes of a request or reply: number 184, type 188, data_size 192, data. Of a log: magic 0, regions 8, bits 1024.
const [TYPE, SIZE, DATA] = [188, 192, 196];
const [REGIONS_AT, BITS] = [8, 1024];
const { CTR, RESUME, POSTSUSPEND, IN_SYNC, FLUSH, MARK, CLEAR, SET } = {
  CTR: 1,
  RESUME: 5,
  POSTSUSPEND: 4,
  IN_SYNC: 8,
  FLUSH: 9,
  MARK: 10,
  CLEAR: 11,
  SET: 13,
};

/** A server that does to its log device what a worse one would. */
class Worse implements DiskTransport {
  readonly inner = new MemoryServer();
  /** What the last answer was to, and the regions of the request. */
  type = 0;
  regions: readonly number[] = [];
  /** All devices as they were at the answer before. */
  before = new Map<KitDevice, Uint8Array>();
  readonly devices: KitDevice[] = [];
  readonly notes = new Map<string, Set<number>>();

  /** Regions that this one has noted, under a word. */
  noted(word: string): Set<number> {
    const set = this.notes.get(word) ?? new Set();
    this.notes.set(word, set);
    return set;
  }

  /** What is on the device, as the kit sees it. */
  seen(bytes: Uint8Array, _device: KitDevice): Uint8Array {
    return bytes;
  }

  /** What the server finds on the device. */
  found(bytes: Uint8Array): Uint8Array {
    return bytes;
  }

  /** After each answer. */
  answered(_sent: readonly Uint8Array[]): void {}

  async exchange(request: Uint8Array): Promise<readonly Uint8Array[]> {
    this.before = new Map(this.devices.map((device) => [device, device.held()]));
    const sent = await this.inner.exchange(request);
    const view = new DataView(request.buffer, request.byteOffset);
    this.type = request[TYPE] ?? 0;
    const count = this.type === CTR ? 0 : view.getUint32(SIZE, true) / 8;
    this.regions = Array.from({ length: count }, (_, index) => Number(view.getBigUint64(DATA + 8 * index, true)));
    // A new log: what was noted was of the one before.
    if (this.type === CTR) this.notes.clear();
    this.answered(sent);
    return sent;
  }

  makeDevice(bytes: number): KitDevice {
    const device = this.inner.makeDevice(bytes);
    this.devices.push(device);
    return {
      name: device.name,
      held: () => this.seen(device.held().slice(), device),
      put: (image) => device.put(this.found(image)),
    };
  }

  restart(): Promise<void> {
    return this.inner.restart();
  }

  pass(ms: number): Promise<void> {
    return this.inner.pass(ms);
  }
}

const setBit = (bytes: Uint8Array, region: number): void => {
  const at = BITS + (region >>> 3);
  bytes[at] = (bytes[at] ?? 0) | (1 << (region & 7));
};
const clearBit = (bytes: Uint8Array, region: number): void => {
  const at = BITS + (region >>> 3);
  bytes[at] = (bytes[at] ?? 0) & ~(1 << (region & 7));
};

/** A server that writes none of the header until it is suspended. */
class LateHeader extends Worse {
  override seen(bytes: Uint8Array, device: KitDevice): Uint8Array {
    return this.type === RESUME ? (this.before.get(device) ?? bytes) : bytes;
  }
}

/** A server that does not look at the magic. */
class AnyHeader extends Worse {
  override found(bytes: Uint8Array): Uint8Array {
    const found = bytes.slice();
    if (found[0] === 0xff) new DataView(found.buffer).setUint32(0, 0x4d695272, true);
    if (found[4] === 0xff) new DataView(found.buffer).setUint32(4, 2, true);
    if (found[8] === 0xff) new DataView(found.buffer).setBigUint64(8, 40n, true);
    return found;
  }
}

/** A server that copies everything at each start. */
class Forgetful extends Worse {
  override found(bytes: Uint8Array): Uint8Array {
    return new Uint8Array(bytes.length);
  }
}

/** The same, for the regions that come with a FLUSH. */
class LateIntegratedMark extends Worse {
  override seen(bytes: Uint8Array): Uint8Array {
    if (this.type === FLUSH) for (const region of this.regions) setBit(bytes, region);
    return bytes;
  }
}

/** A server that answers MARK and FLUSH without a write. */
class NoMark extends Worse {
  override seen(bytes: Uint8Array): Uint8Array {
    for (const region of this.noted('marked')) setBit(bytes, region);
    return bytes;
  }

  override answered(): void {
    if (this.type === MARK) for (const region of this.regions) this.noted('marked').add(region);
  }
}

/** A server that writes clears with the next flush. */
class EagerClear extends Worse {
  override seen(bytes: Uint8Array): Uint8Array {
    for (const region of this.noted('cleared')) setBit(bytes, region);
    return bytes;
  }

  override answered(): void {
    const cleared = this.noted('cleared');
    if (this.type === CLEAR) for (const region of this.regions) cleared.add(region);
    if (this.type === MARK || this.type === SET) cleared.delete(this.regions[0] ?? -1);
  }
}

/** A server that never writes clears. */
class NoClear extends Worse {
  override seen(bytes: Uint8Array): Uint8Array {
    for (const region of this.noted('marked')) clearBit(bytes, region);
    return bytes;
  }

  override answered(): void {
    if (this.type === MARK) for (const region of this.regions) this.noted('marked').add(region);
  }
}

/** A server whose queue of clears does not hear of marks. */
class DeafQueue extends Worse {
  override seen(bytes: Uint8Array): Uint8Array {
    for (const region of this.noted('late')) setBit(bytes, region);
    return bytes;
  }

  override answered(): void {
    if (this.type === CLEAR) for (const region of this.regions) this.noted('cleared').add(region);
    if (this.type === SET) this.noted('cleared').delete(this.regions[0] ?? -1);
  }

  override async pass(ms: number): Promise<void> {
    await super.pass(ms);
    for (const region of this.noted('cleared')) this.noted('late').add(region);
  }
}

/** A server whose queue of clears does not hear of regions out of sync. */
class DeafToSync extends Worse {
  override seen(bytes: Uint8Array): Uint8Array {
    if (this.type === POSTSUSPEND) for (const region of this.noted('cleared')) setBit(bytes, region);
    return bytes;
  }

  override answered(): void {
    if (this.type === CLEAR) for (const region of this.regions) this.noted('cleared').add(region);
  }
}

/** A server that begins with a clean log. */
class CleanStart extends Worse {
  override async restart(): Promise<void> {
    await super.restart();
    const [device] = this.devices.slice(-1);
    assert.ok(device !== undefined);
    const image = device.held().slice();
    image.fill(0xff, BITS);
    device.put(image);
  }
}

/** A server that names its device without an end. */
class NoNul extends Worse {
  override answered(sent: readonly Uint8Array[]): void {
    for (const reply of sent) if (reply[TYPE] === CTR && reply.length > DATA) reply[reply.length - 1] = 0x78;
  }
}

/** cmirrord: it names its device to a kernel that reconnects. */
class NamesAgain extends Worse {
  override async exchange(request: Uint8Array): Promise<readonly Uint8Array[]> {
    const sent = await super.exchange(request);
    const isReconnecting = this.type === CTR && request.at(-1) === 0 && this.notes.size === 0 && this.restarts > 0;
    return sent.map((reply) => (isReconnecting ? named(reply) : reply));
  }

  restarts = 0;

  override restart(): Promise<void> {
    this.restarts++;
    return super.restart();
  }
}

function named(reply: Uint8Array): Uint8Array {
  const longer = new Uint8Array(DATA + 9);
  longer.set(reply);
  const view = new DataView(longer.buffer);
  view.setUint32(0, longer.length, true);
  view.setUint16(32, 169, true);
  view.setUint32(SIZE, 9, true);
  return longer;
}

/** A server that takes the bits for regions that the header does not speak for. */
class Grows extends Worse {
  override found(bytes: Uint8Array): Uint8Array {
    const found = bytes.slice();
    const view = new DataView(found.buffer);
    if (view.getUint32(REGIONS_AT, true) === 20) view.setUint32(REGIONS_AT, 40, true);
    return found;
  }
}

/** A server that leaves the header as it finds it. */
class KeepsHeader extends Worse {
  #regions = 0;

  override found(bytes: Uint8Array): Uint8Array {
    this.#regions = new DataView(bytes.buffer).getUint32(REGIONS_AT, true);
    return bytes;
  }

  override seen(bytes: Uint8Array): Uint8Array {
    new DataView(bytes.buffer).setUint32(REGIONS_AT, this.#regions, true);
    return bytes;
  }
}

/** A server that says 1 of what is dirty. */
class AllInSync extends Worse {
  override answered(sent: readonly Uint8Array[]): void {
    for (const reply of sent) if (reply[TYPE] === IN_SYNC && reply.length > DATA) reply[DATA] = 1;
  }
}

const WORSE: readonly (readonly [rule: RegExp, worse: Worse])[] = [
  [/has its header when RESUME/, new LateHeader()],
  [/without a valid header/, new AnyHeader()],
  [/what is clean on the device is in sync/, new Forgetful()],
  [/what is clean on the device is in sync/, new AllInSync()],
  [/a mark is on the device/, new NoMark()],
  [/a mark is on the device/, new LateIntegratedMark()],
  [/not written clean with the next flush/, new EagerClear()],
  [/clean on the device after a suspend/, new NoClear()],
  [/mark after a clear stays/, new DeafQueue()],
  [/set out of sync stays dirty/, new DeafToSync()],
  [/killed and started again keeps the marks/, new CleanStart()],
  [/constructor’s answer names the log device/, new NoNul()],
  [/constructor’s answer names the log device/, new NamesAgain()],
  [/has grown/, new Grows()],
  [/has grown/, new KeepsHeader()],
  [/has shrunk/, new KeepsHeader()],
];

for (const [index, [rule, worse]] of WORSE.entries()) {
  test(`checkDiskConformance() names a server that breaks "${rule.source}" (${index}: ${worse.constructor.name})`, async () => {
    const broken = await brokenBy(worse);
    assert.ok(
      broken.some((name) => rule.test(name)),
      broken.join('\n'),
    );
    assert.ok(broken.length < DISK_SCENARIOS.length / 2, `only what is broken is named: ${broken.join('\n')}`);
  });
}

test('every rule of logs on devices can be broken', () => {
  for (const { name } of DISK_SCENARIOS) {
    assert.ok(
      WORSE.some(([rule]) => rule.test(name)),
      name,
    );
  }
});

/** What a server writes late is tested in memory, where no time passes. */
class Impatient extends ProcessServer {
  override async pass(): Promise<void> {}
}

const server = fileURLToPath(new URL('./process-server.js', import.meta.url));

test('ProcessServer shows what a process has on its log devices: all of it, or too late', async () => {
  const broken = await Promise.all(
    [[], ['late']].map(async (words) => {
      await using transport = new Impatient([process.execPath, server, ...words]);
      return await brokenBy(transport);
    }),
  );
  assert.deepEqual(broken[0], []);
  for (const rule of [/has its header when RESUME/, /a mark is on the device/]) {
    assert.ok(
      broken[1]?.some((name) => rule.test(name)),
      broken[1]?.join('\n'),
    );
  }
});
