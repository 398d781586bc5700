import {
  choice,
  defineTarget,
  device,
  flag,
  joined,
  key,
  line,
  options,
  type Secret,
  sectorCount,
  text,
  u32,
  valuesOf,
} from './grammar.ts';
import { KEY_REFERENCE } from './secret.ts';

const SECTOR_BYTES = 512;
const HEX = /^[0-9a-f]*$/i;

/** The lengths of keys that a cipher takes, in bytes, where they are known: AES with xts has two keys in one. */
function keySizes(cipher: string): readonly number[] | undefined {
  if (cipher.startsWith('cipher_null-')) return [0];
  const mode = /^aes-([a-z]+)-/.exec(cipher)?.[1] ?? /^capi:([a-z]+)\(aes\)-/.exec(cipher)?.[1];
  if (mode === 'xts') return [32, 48, 64];
  return mode === 'cbc' || mode === 'ecb' || mode === 'ctr' ? [16, 24, 32] : undefined;
}

function keyBytes(key: Secret): number {
  const reference = KEY_REFERENCE.exec(key.reveal());
  return reference === null ? Math.floor(key.reveal().length / 2) : Number(reference[1]);
}

/** Whether a number of sectors is whole encryption sectors; the kernel looks at the bits below a power of two. */
function isWhole(count: bigint, size: number): boolean {
  return size < SECTOR_BYTES || count % BigInt(Math.floor(size / SECTOR_BYTES)) === 0n;
}

/** An encrypted area of a device (drivers/md/dm-crypt.c). Keys are hidden in all prints unless they are asked for. */
export const crypt = defineTarget({
  type: 'crypt',
  summary: 'encrypts what is written and decrypts what is read',
  params: line(
    {
      cipher: text('such as aes-xts-plain64 or capi:xts(aes)-plain64'),
      key: key('the volume key'),
      ivOffset: sectorCount('added to the sector for the initial vector'),
      device: device('where the encrypted data is', { offset: 'offset' }),
      offset: sectorCount('first sector of the encrypted data'),
      options: options(
        {
          allow_discards: flag('discards go on to the device, where they show which sectors are unused'),
          same_cpu_crypt: flag('encrypts on the CPU that submitted the I/O'),
          high_priority: flag('uses threads of high priority', { since: '6.12' }),
          submit_from_crypt_cpus: flag('writes are not sorted by a thread of their own'),
          no_read_workqueue: flag('reads are decrypted where they complete'),
          no_write_workqueue: flag('writes are encrypted where they are submitted'),
          integrity: joined(
            line({
              tagSize: u32('of a tag', { min: 1, max: 480, unit: 'bytes' }),
              mode: choice('what the tag is', ['aead', 'none']),
            }),
            'a tag for each sector, kept by the device below',
            { pieces: 2 },
          ),
          sector_size: joined(
            u32('of what is encrypted at a time', { min: SECTOR_BYTES, max: 4096, powerOfTwo: true, unit: 'bytes' }),
            'encrypts larger pieces',
            { unsaid: SECTOR_BYTES },
          ),
          iv_large_sectors: flag('the initial vector counts encryption sectors, not 512 bytes'),
          integrity_key_size: joined(u32('of the authentication key', { unit: 'bytes' }), 'for authenc ciphers', {
            since: '6.12',
          }),
        },
        { max: { before: 8, since: '6.12', now: 9 } },
      ),
    },
    {
      order: [
        'keyForm',
        'options',
        'wholeLength',
        'cipher',
        'key',
        'keyLength',
        'ivOffset',
        'ivStep',
        'device',
        'offset',
      ],
      rules: {
        keyForm: {
          about: 'key',
          needs: ['key'],
          wrong({ key }) {
            const text = key.reveal();
            if (text === '-') return undefined;
            if (text.startsWith(':')) {
              return KEY_REFERENCE.test(text) ? undefined : 'a key reference is :size:type:description';
            }
            return HEX.test(text) && text.length > 1 ? undefined : 'the key must be hexadecimal digits, two a byte';
          },
        },
        wholeLength: {
          about: 'options',
          needs: ['options'],
          wrong({ options }, { length }) {
            const size = valuesOf(options, 'sector_size').at(-1) ?? SECTOR_BYTES;
            return length === undefined || isWhole(length, size)
              ? undefined
              : `the length, ${length} sectors, must be whole encryption sectors of ${size} bytes`;
          },
        },
        keyLength: {
          about: 'key',
          needs: ['cipher', 'key'],
          wrong({ cipher, key, options }) {
            const sizes = keySizes(cipher);
            const tagged = valuesOf(options, 'integrity').length > 0;
            const size = keyBytes(key);
            if (sizes === undefined || tagged || sizes.includes(size)) return undefined;
            return `the key has ${size} bytes, but ${cipher} takes ${sizes.join(' or ')}`;
          },
        },
        lastDigit: {
          about: 'key',
          errno: undefined,
          wrong({ key }) {
            const text = key.reveal();
            return HEX.test(text) && text.length % 2 === 1
              ? 'the kernel drops the last digit of an odd number'
              : undefined;
          },
        },
        ivStep: {
          about: 'ivOffset',
          needs: ['ivOffset'],
          wrong({ ivOffset, options }) {
            const size = valuesOf(options, 'sector_size').at(-1) ?? SECTOR_BYTES;
            return isWhole(ivOffset, size) ? undefined : `iv_offset must be whole encryption sectors of ${size} bytes`;
          },
        },
      },
    },
  ),
  extra: 'ignored',
  messages: {
    'key set': line({ key: key('the new key, of the same length') }),
    'key wipe': line({}),
  },
  keys: { words: [1] },
});
