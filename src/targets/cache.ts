import {
  choice,
  counted,
  defineTarget,
  device,
  flag,
  line,
  list,
  options,
  orDash,
  orState,
  type Pair,
  type Part,
  pairs,
  text,
  u32,
  u64,
  usage,
} from './grammar.ts';

const MODES = ['writeback', 'writethrough', 'passthrough'] as const;
/** An alias of smq that still takes the tunables of the policy that it once was. */
const MQ_TUNABLES = [
  'random_threshold',
  'sequential_threshold',
  'discard_promote_adjustment',
  'read_promote_adjustment',
  'write_promote_adjustment',
];
const POLICIES = ['smq', 'default', 'mq', 'cleaner'];

/** Cache blocks from the first to before the end; one block without an end. */
export interface BlockRange {
  readonly first: bigint;
  readonly end?: bigint;
}

const blockRange: Part<BlockRange> = {
  form: () => '<first>[-<end>]',
  help: (name) => [{ name, text: 'a cache block, or the blocks from the first to before the end' }],
  read(reader) {
    const column = reader.column;
    const word = reader.take('range');
    if (word === undefined) return undefined;
    const [, first, end] = /^(\d+)(?:-(\d+))?$/.exec(word.text) ?? [];
    if (first === undefined || (end !== undefined && BigInt(end) <= BigInt(first))) {
      const wanted = 'a range is a block, or first-end with the end behind the first';
      reader.refuse(`${wanted}, not ${JSON.stringify(word.text)}`, { column, unreadable: true });
      return undefined;
    }
    return end === undefined ? { first: BigInt(first) } : { first: BigInt(first), end: BigInt(end) };
  },
  print: ({ first, end }) => [end === undefined ? `${first}` : `${first}-${end}`],
};

function unknownTunable(policy: string, given: readonly Pair[]): string | undefined {
  const known = ['migration_threshold', ...(policy === 'mq' ? MQ_TUNABLES : [])];
  return given.find(({ name }) => !known.includes(name))?.name;
}

/** Blocks of a slow device kept on a fast one (drivers/md/dm-cache-target.c). */
export const cache = defineTarget({
  type: 'cache',
  summary: 'keeps blocks of a slow device on a fast one',
  params: line(
    {
      metadata: device('where it is kept which blocks are cached', { mode: 'write', extent: 'unknown' }),
      cache: device('the fast device', { mode: 'write', extent: 'unknown' }),
      origin: device('the slow device', { mode: 'write' }),
      blockSize: u32('size of a block', { min: 64, max: 2_097_152, multipleOf: 64, unit: 'sectors', scan: 'kstrto' }),
      features: options(
        {
          metadata2: flag('the second format of the metadata'),
          writeback: flag('writes stay in the cache for a while (this is the default)'),
          writethrough: flag('writes go to both devices'),
          passthrough: flag('all I/O goes to the slow device; writes drop the block from the cache'),
          no_discard_passdown: flag('discards do not go on to the slow device'),
        },
        { max: 3, count: 'required', readback: { order: 'given', zero: true } },
      ),
      policy: text('which blocks are cached: smq, its aliases default and mq, or cleaner to empty the cache'),
      tunables: pairs('of the policy, such as migration_threshold'),
    },
    {
      order: ['metadata', 'cache', 'origin', 'blockSize', 'features', 'oneMode', 'policy', 'tunables', 'knownPolicy'],
      rules: {
        oneMode: {
          about: 'features',
          wrong({ features = [] }) {
            const given = features.filter((each) => MODES.some((mode) => mode === each));
            return given.length > 1 ? `${given.join(' and ')} exclude each other` : undefined;
          },
        },
        knownPolicy: {
          about: 'policy',
          wrong: ({ policy }) =>
            POLICIES.includes(policy)
              ? undefined
              : `policy must be ${POLICIES.join(' or ')}, not ${JSON.stringify(policy)}`,
        },
        knownTunables: {
          about: 'tunables',
          wrong({ policy, tunables }) {
            const name = unknownTunable(policy, tunables);
            return name === undefined ? undefined : `the policy ${policy} has no tunable ${JSON.stringify(name)}`;
          },
        },
        numbers: {
          about: 'tunables',
          wrong({ tunables }) {
            const odd = tunables.find(
              ({ value }) => !/^\+?\d+$/.test(value) || BigInt(value.replace('+', '')) >= 2n ** 64n,
            );
            return odd && `${odd.name} must be a number from 0 to 2^64-1, not ${JSON.stringify(odd.value)}`;
          },
        },
      },
    },
  ),
  extra: 'echoed',
  countsLate: true,
  status: orState(
    ['Fail', 'Error'],
    line({
      metadataBlockSize: u32('of a metadata block', { unit: 'sectors' }),
      metadata: usage('metadata blocks in use'),
      blockSize: u32('of a cache block', { unit: 'sectors' }),
      cache: usage('cache blocks in use'),
      readHits: u64('reads from the cache'),
      readMisses: u64('reads from the origin'),
      writeHits: u64('writes to the cache'),
      writeMisses: u64('writes to the origin'),
      demotions: u64('blocks that left the cache'),
      promotions: u64('blocks that came into the cache'),
      dirty: u64('cache blocks that differ from the origin'),
      features: counted(text('a feature'), 'features'),
      core: pairs('tunables of the target'),
      policy: text('the policy'),
      tunables: pairs('tunables of the policy'),
      mode: choice('whether the metadata can be changed', ['rw', 'ro']),
      check: orDash(choice('whether the metadata must be checked', ['needs_check'])),
    }),
  ),
  messages: {
    migration_threshold: line({ sectors: u64('moved at a time at most', { unit: 'sectors', scan: 'kstrto' }) }),
    invalidate_cblocks: line({ ranges: list(blockRange) }),
  },
});
