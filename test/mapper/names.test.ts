import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { decodeText } from '../../src/kernel/byte-text.ts';
import { mangle, unmangle } from '../../src/mapper/mangle.ts';
import { checkNewName, checkNewUuid, checkRef } from '../../src/mapper/names.ts';

const LINUX_6_1 = 47;
const LINUX_6_12 = 48;

const refused = (message: RegExp) => ({ name: 'UsageError', message });

test('checkNewName() takes what the kernel takes, by bytes', () => {
  for (const name of ['a', ' ', '\x01', 'tab\there', 'nl\nx', 'é'.repeat(63), 'x'.repeat(127), '\udcff', '...']) {
    checkNewName(name, LINUX_6_1);
    checkNewName(name, LINUX_6_12);
  }
});

test('checkNewName() says what the kernel would refuse or cut', () => {
  assert.throws(() => checkNewName('', LINUX_6_1), refused(/empty/));
  assert.throws(() => checkNewName('a/b', LINUX_6_1), refused(/"a\/b" holds a "\/"/));
  assert.throws(() => checkNewName('a\0b', LINUX_6_1), refused(/NUL/));
  assert.throws(() => checkNewName('\ud800', LINUX_6_1), refused(/surrogate/));
  assert.throws(
    () => checkNewName('x'.repeat(128), LINUX_6_1),
    refused(/is 128 bytes long: the kernel takes at most 127/),
  );
  assert.throws(() => checkNewName('é'.repeat(64), LINUX_6_1), refused(/128 bytes/));
  assert.throws(() => checkNewName(`${'\udcff'.repeat(128)}`, LINUX_6_1), refused(/128 bytes/));
});

test('checkNewName() keeps the names of /dev/mapper from kernels that do', () => {
  for (const name of ['.', '..', 'control']) {
    checkNewName(name, LINUX_6_1);
    assert.throws(() => checkNewName(name, LINUX_6_12), refused(/takes no device of that name/));
  }
});

test('checkNewUuid() takes one byte more than a name, and slashes', () => {
  checkNewUuid(`a/${'x'.repeat(126)}`);
  assert.throws(() => checkNewUuid('x'.repeat(129)), refused(/129 bytes long: the kernel takes at most 128/));
  assert.throws(() => checkNewUuid(''), refused(/empty/));
});

test('checkRef() refuses what would be looked up as something else', () => {
  checkRef({ name: 'a/b' });
  checkRef({ major: 0xfff, minor: 0xfffff });
  for (const ref of [
    { name: '' },
    { uuid: '' },
    { name: 'x'.repeat(128) },
    { uuid: 'x'.repeat(129) },
    { major: 254, minor: 2 ** 20 },
    { major: 4096, minor: 0 },
    { major: -1, minor: 0 },
    { major: 254, minor: 0.5 },
  ]) {
    assert.throws(() => checkRef(ref), { name: 'UsageError' }, JSON.stringify(ref));
  }
});

test('mangle() writes what udev cannot as \\xNN', () => {
  const kept = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ#+-.:=@_';
  for (const mode of ['none', 'auto', 'hex'] as const) assert.equal(mangle(kept, mode), kept);
  assert.equal(mangle('a b', 'none'), 'a b');
  assert.equal(mangle('a b', 'auto'), 'a\\x20b');
  assert.equal(mangle('é/~', 'hex'), '\\xc3\\xa9\\x2f\\x7e');
  assert.equal(mangle('\udcff', 'auto'), '\\xff');
  assert.equal(mangle('a\\b', 'auto'), 'a\\x5cb');
});

test('mangle() in mode auto leaves what is mangled and refuses a mixture', () => {
  assert.equal(mangle('a\\x20b', 'auto'), 'a\\x20b');
  assert.equal(mangle('a\\x20b', 'hex'), 'a\\x5cx20b');
  assert.throws(() => mangle('a\\x20b c', 'auto'), refused(/mangled in part/));
  assert.throws(() => mangle('c \\x20', 'auto'), refused(/mangled in part/));
});

test('unmangle() reads it back', () => {
  assert.equal(unmangle('a\\x20b\\xC3\\xa9', 'auto'), 'a bé');
  assert.equal(unmangle('a\\x5cx20b', 'hex'), 'a\\x20b');
  assert.equal(unmangle('a\\x20b c', 'none'), 'a\\x20b c');
  assert.equal(unmangle('\\xff', 'hex'), '\udcff');
  assert.throws(() => unmangle('a b', 'auto'), refused(/"a b" is not mangled: it holds " "/));
  assert.throws(() => unmangle('é', 'hex'), refused(/is not mangled/));
  assert.throws(() => unmangle('a\\x00', 'hex'), refused(/NUL/));
});

test('unmangle() undoes mangle() in mode hex for any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ min: 1, maxLength: 30 }), (bytes) => {
      const text = decodeText(bytes);
      assert.match(mangle(text, 'hex'), /^[\w#+\-.:=@\\]*$/);
      assert.equal(unmangle(mangle(text, 'hex'), 'hex'), text);
    }),
  );
});
