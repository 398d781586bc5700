import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { DmParseError } from '../../src/mapper/errors.ts';
import { sectors } from '../../src/mapper/units.ts';
import { crypt, integrity, Secret, secret } from '../../src/targets/index.ts';

const KEY = '0123456789abcdef'.repeat(4);
const ZEROS = '0'.repeat(64);

const target = crypt({
  cipher: 'aes-xts-plain64',
  key: secret(KEY),
  ivOffset: sectors(0n),
  device: '/dev/sda',
  offset: sectors(8n),
});

test('params() hides the key unless it is asked for', () => {
  assert.equal(target.params(), `aes-xts-plain64 ${ZEROS} 0 /dev/sda 8`);
  assert.equal(target.params({ showKeys: true }), `aes-xts-plain64 ${KEY} 0 /dev/sda 8`);
  const readback = { kernel: '6.1', numberOf: () => ({ major: 8, minor: 0 }) } as const;
  assert.equal(target.readback(readback), `aes-xts-plain64 ${ZEROS} 0 8:0 8`);
  assert.equal(target.readback(readback, { showKeys: true }), `aes-xts-plain64 ${KEY} 0 8:0 8`);
});

test('a target shows its key in no accidental print', () => {
  const { values } = target;
  for (const shown of [`${target}`, inspect(target, { depth: 9 }), `${values.key}`, JSON.stringify(values.key)]) {
    assert.ok(!shown.includes(KEY.slice(0, 8)), shown);
  }
  assert.equal(values.key.reveal(), KEY);
});

test('tableLine() holds the key: it is what the kernel is sent', () => {
  assert.ok(target.tableLine(sectors(0n), sectors(8n)).params.includes(KEY));
});

test('a reference to a kernel key is not secret; no key is one zero, as dmsetup 1.02.185 prints it', () => {
  assert.equal(`${secret(':32:logon:my:key')}`, ':32:logon:my:key');
  assert.equal(crypt.hideKeys('cipher_null-ecb - 0 8:0 0'), 'cipher_null-ecb 0 0 8:0 0');
  assert.equal(crypt.hideKeys('aes :32:logon:k 0 8:0 0'), 'aes :32:logon:k 0 8:0 0');
});

test('hideKeys() keeps the length, also of a line that cannot be read', () => {
  assert.equal(crypt.hideKeys('aes  c0ffee'), 'aes  000000');
  assert.equal(crypt.hideKeys('aes c\\ 0f x'), 'aes 00000 x');
  assert.equal(crypt.hideKeys(`aes 0 ${KEY} 8:0 0`), `aes 0 ${ZEROS} 8:0 0`);
});

test('parse() and problems() hide a key that stands in a wrong place', () => {
  const swapped = `aes-xts-plain64 0 ${KEY}x ${KEY} 0`;
  assert.throws(
    () => crypt.parse(`aes-xts-plain64 0 ${KEY} /dev/sda 0`),
    (thrown) =>
      thrown instanceof DmParseError &&
      thrown.column === 19 &&
      !thrown.message.includes(KEY) &&
      !thrown.text.includes(KEY),
  );
  for (const { message } of crypt.problems(swapped)) assert.ok(!message.includes(KEY.slice(0, 32)), message);
});

test('hideKeys() hides what may be a key wherever it stands, and leaves paths readable', () => {
  const hides = (grammar: typeof crypt | typeof integrity, word: string, shown: string): void =>
    assert.equal(grammar.hideKeys(`a 0 0 ${word} 0`), `a 0 0 ${shown} 0`);
  const whole = (word: string): void => hides(crypt, word, '0'.repeat(word.length));
  for (const word of [KEY, `${KEY}x`, `x${KEY}`, `bogus:${KEY}`, `${KEY}:/dev/sda`, `:${KEY}`, `/dev/sda:${KEY}`]) {
    whole(word);
  }
  for (const path of [`/dev/disk/by-id/wwn-0x${KEY}`, `/dev/disk/by-id/nvme-eui.${KEY}-part1`, `/dev/mapper/${KEY}`]) {
    hides(crypt, path, path);
    hides(integrity, `meta_device:${path}`, `meta_device:${path}`);
  }
  hides(integrity, `internal_hash:hmac(sha256):${KEY}`, `internal_hash:hmac(sha256):${ZEROS}`);
  hides(integrity, 'JOURNAL_MAC:hmac(md5):c0ffee', 'JOURNAL_MAC:hmac(md5):000000');
  hides(integrity, `internal_hash:crc32c::${KEY}`, `internal_hash:crc32c:0${ZEROS}`);
  for (const word of [`internal_hash:${KEY}`, `internal_hash:${KEY}:c0ffee`, `internal_hsh:hmac(md5):${KEY}`]) {
    hides(integrity, word, '0'.repeat(word.length));
  }
  hides(crypt, 'aes-xts-plain64:sha256', 'aes-xts-plain64:sha256');
});

test('problems() quotes no piece of a word that is hidden', () => {
  const [problem] = integrity.problems(`8:0 0 4 J 1 block_size:${KEY}`);
  assert.equal(problem?.message, `integrity: block_size must be a power of two from 512 to 4096 bytes, not "${ZEROS}"`);
});

test('crypt.problems() knows the lengths of AES keys', () => {
  const problems = (cipher: string, key: string): string[] =>
    crypt.problems(`${cipher} ${key} 0 8:0 0`).map(({ message, errno }) => `${errno}: ${message}`);
  assert.deepEqual(problems('aes-xts-plain64', KEY), []);
  assert.deepEqual(problems('aes-xts-plain64', ':64:logon:k'), []);
  assert.deepEqual(problems('cipher_null-ecb', '-'), []);
  assert.deepEqual(problems('aes-xts-plain64', '-'), [
    '22: crypt: the key has 0 bytes, but aes-xts-plain64 takes 32 or 48 or 64',
  ]);
  assert.deepEqual(problems('capi:xts(aes)-plain64', KEY.slice(2)), [
    '22: crypt: the key has 31 bytes, but capi:xts(aes)-plain64 takes 32 or 48 or 64',
  ]);
  assert.deepEqual(problems('aes-xts-plain64', `${KEY}0`), [
    'undefined: crypt: the kernel drops the last digit of an odd number',
  ]);
});

test('messages.key set() gives the key in the clear: it is what the kernel is sent', () => {
  assert.equal(crypt.messages['key set']({ key: new Secret('00ff') }), 'key set 00ff');
  assert.equal(crypt.messages['key wipe'](), 'key wipe');
});
