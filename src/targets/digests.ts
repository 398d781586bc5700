/** The bytes of the digests that dm-verity and dm-integrity are used with (the kernel's crypto/). */
const BYTES = new Map([
  ['crc32', 4],
  ['crc32c', 4],
  ['xxhash64', 8],
  ['md5', 16],
  ['sha1', 20],
  ['rmd160', 20],
  ['sha224', 28],
  ['sha256', 32],
  ['sm3', 32],
  ['sha384', 48],
  ['sha512', 64],
  ['sha3-224', 28],
  ['sha3-256', 32],
  ['sha3-384', 48],
  ['sha3-512', 64],
  ['blake2b-160', 20],
  ['blake2b-256', 32],
  ['blake2b-384', 48],
  ['blake2b-512', 64],
]);

/** The bytes of an algorithm's digest; undefined for one that is not known here. */
export function digestBytes(algorithm: string): number | undefined {
  return BYTES.get(/^hmac\((.*)\)$/.exec(algorithm)?.[1] ?? algorithm);
}
