import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockStore, StoreDone } from '../../src/dirtylog/block-store.ts';
import { BlockWriter } from '../../src/dirtylog/logs/block-writer.ts';

const BLOCKS = 20;

/** A store whose operations end when the test says so. */
class SlowStore implements BlockStore {
  readonly size = BLOCKS * 4096;
  readonly sectorBytes = 512;
  readonly label = 'slow';
  readonly pending: { readonly what: string; readonly first: number; readonly done: StoreDone }[] = [];

  async read(): Promise<void> {}

  write(offset: number, bytes: Uint8Array, done: StoreDone): void {
    this.pending.push({ what: `write ${offset / 4096}`, first: bytes[0] as number, done });
  }

  sync(done: StoreDone): void {
    this.pending.push({ what: 'sync', first: 0, done });
  }

  close(): void {}

  /** Ends all that is pending now; what it was. */
  end(error?: Error): string[] {
    return this.pending.splice(0).map(({ what, done }) => {
      done(error);
      return what;
    });
  }
}

/** A writer of blocks whose bytes are `contents`. */
function make(): { readonly store: SlowStore; readonly writer: BlockWriter; readonly contents: Uint8Array } {
  const store = new SlowStore();
  const contents = new Uint8Array(BLOCKS);
  const encode = (block: number, { bytes }: { readonly bytes: Uint8Array }): number => {
    bytes.fill(contents[block] as number);
    return bytes.length;
  };
  return { store, contents, writer: new BlockWriter(store, BLOCKS, encode, async () => {}) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('BlockWriter.commit() writes what has changed, then syncs, and only then is it durable', () => {
  const { store, writer } = make();
  writer.count(3);
  writer.count(5);
  writer.count(3);
  writer.commit();
  assert.deepEqual(store.end(), ['write 3', 'write 5']);
  assert.ok(!writer.isDurable);
  assert.deepEqual(store.end(), ['sync']);
  assert.ok(writer.isDurable);
  writer.commit();
  assert.deepEqual(store.pending, [], 'nothing has changed since');
});

test('BlockWriter writes a block again that changes between its write and the sync, and does not count it before', () => {
  const { store, writer, contents } = make();
  writer.count(3);
  const first = writer.point;
  writer.commit();
  contents[3] = 9;
  writer.count(3);
  writer.commit();
  assert.equal(store.pending[0]?.first, 0, 'what is being written is as it was');
  store.end();
  store.end();
  assert.ok(writer.hasReached(first));
  assert.ok(!writer.hasReached(writer.point));
  assert.deepEqual([store.pending[0]?.what, store.pending[0]?.first], ['write 3', 9]);
  store.end();
  store.end();
  assert.ok(writer.isDurable);
});

test('BlockWriter makes durable what changes in a block that waits for its turn in a large commit', async () => {
  const { store, writer } = make();
  for (let block = 0; block < BLOCKS; block++) writer.change(block);
  writer.commit();
  assert.equal(store.pending.length, 8);
  // Not begun yet; whoever waits for it must not wait for ever.
  writer.count(19);
  writer.commit();
  for (let round = 0; round < 10; round++) {
    store.end();
    await settled();
  }
  assert.ok(writer.isDurable);
});

test('BlockWriter writes every block after a failure, those that had no turn as well', async () => {
  const { store, writer } = make();
  for (let block = 0; block < BLOCKS; block++) writer.change(block);
  writer.commit();
  store.end(new Error('no medium'));
  assert.deepEqual(writer.failure, { letter: 'D', reason: 'slow: no medium' });
  writer.tryAgain();
  writer.changeAll();
  writer.commit();
  const written = new Set<string>();
  for (let round = 0; round < 10; round++) {
    for (const what of store.end()) written.add(what);
    await settled();
  }
  assert.equal(writer.failure, undefined);
  assert.deepEqual(written, new Set([...Array.from({ length: BLOCKS }, (_, block) => `write ${block}`), 'sync']));
});

test('BlockWriter says F when the sync fails, and writes nothing more', () => {
  const { store, writer } = make();
  let changes = 0;
  writer.onChange = () => changes++;
  writer.count(1);
  writer.commit();
  store.end();
  store.end(new Error('no cache'));
  assert.deepEqual(writer.failure, { letter: 'F', reason: 'slow: no cache' });
  assert.equal(changes, 1);
  assert.ok(!writer.isDurable);
  writer.count(2);
  writer.commit();
  assert.deepEqual(store.pending, []);
});

test('BlockWriter.idle() resolves when a commit has ended, with what changed meanwhile', async () => {
  const { store, writer } = make();
  await writer.idle();
  let isIdle = false;
  writer.count(1);
  writer.commit();
  void writer.idle().then(() => {
    isIdle = true;
  });
  writer.count(2);
  store.end();
  store.end();
  await settled();
  assert.ok(!isIdle, 'the second block is being written');
  store.end();
  store.end();
  await settled();
  assert.ok(isIdle);
});
