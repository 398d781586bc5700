import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_RESYNC } from '../../src/dirtylog/resync.ts';
import { changeBook, EMPTY_BOOK, readBook, settingsOf } from '../../src/dirtylog/resync-book.ts';

test('settingsOf() has what is set for the mirror, else what is set for all', () => {
  const limited = changeBook(EMPTY_BOOK, undefined, { bytesPerSecond: 1000 });
  const free = changeBook(limited, 'u', { bytesPerSecond: null, paused: true });
  assert.deepEqual(settingsOf(free, 'u'), { ...DEFAULT_RESYNC, paused: true });
  assert.deepEqual(settingsOf(free, 'v'), { ...DEFAULT_RESYNC, bytesPerSecond: 1000 });
  assert.deepEqual(settingsOf(changeBook(free, 'u', null), 'u'), { ...DEFAULT_RESYNC, bytesPerSecond: 1000 });
  assert.deepEqual(settingsOf(EMPTY_BOOK, 'constructor'), DEFAULT_RESYNC);
});

test('changeBook() refuses what makes no sense, for all and for one', () => {
  for (const uuid of [undefined, 'u']) {
    assert.throws(() => changeBook(EMPTY_BOOK, uuid, { bytesPerSecond: -1 }), RangeError);
    assert.throws(() => changeBook(EMPTY_BOOK, uuid, { first: [{ first: 2, last: 1 }] }), RangeError);
  }
});

test('readBook() takes a book that was kept, and nothing of one that makes no sense', () => {
  const book = changeBook(changeBook(EMPTY_BOOK, undefined, { order: 'byHeat' }), 'u', { bytesPerSecond: null });
  assert.deepEqual(readBook(JSON.parse(JSON.stringify(book))), book);
  for (const kept of [
    undefined,
    null,
    3,
    {},
    { all: null, mirrors: null },
    { all: { bytesPerSecond: 0 }, mirrors: {} },
  ]) {
    assert.deepEqual(readBook(kept), EMPTY_BOOK);
  }
});
