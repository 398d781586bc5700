import { ERRNO } from '../kernel/errno.ts';
import { digestBytes } from './digests.ts';
import {
  choice,
  defineTarget,
  device,
  flag,
  line,
  optional,
  options,
  orDash,
  text,
  u32,
  u64,
  valued,
  valuesOf,
} from './grammar.ts';

const SECTOR_BYTES = 512n;
const SECTORS_LIMIT = 2n ** 64n;
const INT_MAX = 2n ** 31n - 1n;
const HEX = /^(?:[0-9a-f]{2})*$/i;

const ON_CORRUPTION = ['ignore_corruption', 'restart_on_corruption', 'panic_on_corruption'] as const;
const ON_ERROR = ['restart_on_error', 'panic_on_error'] as const;

const inSectors = (blocks: bigint, bytes: number): bigint => (blocks * BigInt(bytes)) / SECTOR_BYTES;

function onlyOne(given: readonly unknown[], words: readonly string[]): string | undefined {
  const count = given.filter((each) => words.some((word) => word === each)).length;
  return count > 1 ? `only one of ${words.join(', ')} can be given` : undefined;
}

/** A device whose blocks are checked against a tree of hashes as they are read (drivers/md/dm-verity-target.c). */
export const verity = defineTarget({
  type: 'verity',
  summary: 'checks what is read against a tree of hashes',
  params: line(
    {
      version: u32('of the hash format, 1 for new devices', { max: 1 }),
      data: device('what is checked', { mode: 'read' }),
      hash: device('where the hashes are', { mode: 'read', extent: 'unknown' }),
      dataBlockSize: u32('at most a page of the machine', {
        min: 512,
        max: 65_536,
        powerOfTwo: true,
        unit: 'bytes',
      }),
      hashBlockSize: u32('of a block of hashes', { min: 512, max: 2 ** 30, powerOfTwo: true, unit: 'bytes' }),
      blocks: u64('that are checked', { unit: 'data blocks' }),
      hashStart: u64('of the root on the hash device', { unit: 'hash blocks' }),
      algorithm: text('the hash, such as sha256'),
      digest: text('hash of the root block, hexadecimal'),
      salt: orDash(text('hashed with each block, hexadecimal')),
      options: options(
        {
          ignore_corruption: flag('a block that is wrong is logged and read'),
          restart_on_corruption: flag('a block that is wrong restarts the machine'),
          panic_on_corruption: flag('a block that is wrong stops the machine'),
          restart_on_error: flag('an I/O error restarts the machine', { since: '6.12' }),
          panic_on_error: flag('an I/O error stops the machine', { since: '6.12' }),
          ignore_zero_blocks: flag('blocks that should be zero are not read'),
          check_at_most_once: flag('a data block is checked when it is first read only'),
          try_verify_in_tasklet: flag('checks where the read completes when it can'),
          use_fec_from_device: valued(
            device('where the parity is', { mode: 'read', extent: 'unknown' }),
            'repairs blocks',
          ),
          fec_blocks: valued(u64('data blocks'), 'what the parity covers'),
          fec_start: valued(u64('data blocks'), 'where the parity begins'),
          fec_roots: valued(u32('parity bytes of a codeword', { min: 2, max: 24 }), 'how strong the parity is'),
          root_hash_sig_key_desc: valued(text('in the user keyring'), 'the signature of the root hash'),
        },
        { max: { before: 14, since: '6.12', now: 15 } },
      ),
    },
    {
      order: [
        'version',
        'data',
        'hash',
        'dataBlockSize',
        'hashBlockSize',
        'blocks',
        'blocksFit',
        'longEnough',
        'hashStart',
        'hashFits',
        'algorithm',
        'digestFits',
        'digest',
        'digestForm',
        'salt',
        'saltForm',
        'options',
        'oneAnswer',
        'onceFits',
        'parity',
      ],
      rules: {
        blocksFit: {
          about: 'blocks',
          wrong: ({ blocks, dataBlockSize }) =>
            inSectors(blocks, dataBlockSize) < SECTORS_LIMIT
              ? undefined
              : `${blocks} blocks of ${dataBlockSize} bytes are more than 2^64 sectors`,
        },
        longEnough: {
          about: 'blocks',
          wrong({ blocks, dataBlockSize }, { length }) {
            const whole = inSectors(blocks, dataBlockSize);
            return length === undefined || length <= whole
              ? undefined
              : `the length, ${length} sectors, is more than the ${whole} that are checked`;
          },
        },
        hashFits: {
          about: 'hashStart',
          wrong: ({ hashStart, hashBlockSize }) =>
            inSectors(hashStart, hashBlockSize) < SECTORS_LIMIT
              ? undefined
              : `hash block ${hashStart} of ${hashBlockSize} bytes is beyond 2^64 sectors`,
        },
        digestFits: {
          about: 'hashBlockSize',
          wrong({ algorithm, hashBlockSize }) {
            const bytes = digestBytes(algorithm);
            return bytes === undefined || hashBlockSize >= 2 * bytes
              ? undefined
              : `a hash block must hold two digests of ${bytes} bytes`;
          },
        },
        digestForm: {
          about: 'digest',
          wrong({ algorithm, digest }) {
            const bytes = digestBytes(algorithm);
            if (!HEX.test(digest)) return 'digest must be hexadecimal digits, two a byte';
            return bytes === undefined || digest.length === 2 * bytes
              ? undefined
              : `digest must be ${2 * bytes} hexadecimal digits for ${algorithm}, not ${digest.length}`;
          },
        },
        saltForm: {
          about: 'salt',
          wrong: ({ salt }) =>
            salt === null || HEX.test(salt) ? undefined : 'salt must be hexadecimal digits, two a byte, or -',
        },
        oneAnswer: {
          about: 'options',
          wrong: ({ options = [] }) => onlyOne(options, ON_CORRUPTION) ?? onlyOne(options, ON_ERROR),
        },
        onceFits: {
          about: 'blocks',
          errno: ERRNO.E2BIG,
          wrong: ({ blocks, options = [] }) =>
            options.includes('check_at_most_once') && blocks > INT_MAX
              ? `check_at_most_once takes at most ${INT_MAX} blocks`
              : undefined,
        },
        parity: {
          about: 'options',
          wrong({ options, blocks, dataBlockSize, hashBlockSize }) {
            if (valuesOf(options, 'use_fec_from_device').length === 0) return undefined;
            if (dataBlockSize !== hashBlockSize) return 'use_fec_from_device needs data and hash blocks of one size';
            if (valuesOf(options, 'fec_roots').length === 0) return 'use_fec_from_device needs fec_roots';
            const covered = valuesOf(options, 'fec_blocks').at(-1) ?? 0n;
            return covered === 0n || covered < blocks
              ? `fec_blocks must be at least the ${blocks} data blocks and those of the hashes`
              : undefined;
          },
        },
      },
    },
  ),
  extra: 'ignored',
  area(role, { dataBlockSize, hashBlockSize, hashStart, options }) {
    const start = valuesOf(options, 'fec_start').at(-1) ?? 0n;
    if (role === 'hash') return { offset: inSectors(hashStart, hashBlockSize), length: undefined };
    if (role === 'use_fec_from_device') return { offset: inSectors(start, dataBlockSize), length: undefined };
    return undefined;
  },
  kept(values) {
    const { digest, salt, options = [] } = values;
    const repairs = valuesOf(options, 'use_fec_from_device').length > 0;
    const ofParity = (each: (typeof options)[number]): boolean =>
      typeof each === 'object' && ('fec_blocks' in each || 'fec_start' in each || 'fec_roots' in each);
    return {
      ...values,
      digest: digest.toLowerCase(),
      salt: salt?.toLowerCase() ?? null,
      options: repairs ? [{ fec_start: 0n }, ...options] : options.filter((each) => !ofParity(each)),
    };
  },
  status: line({
    state: choice('V while all that was read was right, C after a wrong block', ['V', 'C']),
    corrected: optional(orDash(u64('blocks that the parity repaired'))),
  }),
  features: { singleton: { before: false, since: '6.9', now: true }, immutable: true, readOnly: true },
});
