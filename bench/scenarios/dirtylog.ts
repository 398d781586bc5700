import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alignedMemory } from '../../src/system/libc.ts';
import { buildResponder } from '../dirtylog/responder.ts';
import { openDirect } from '../files.ts';
import { type Scenario, say, sleep } from '../scenario.ts';
import { median, short, spread } from '../statistics.ts';
import type { Table } from '../table.ts';
import { sh } from '../volume.ts';

const LEG_MIB = 64;
const LEG_SECTORS = LEG_MIB * 2048;
/** Regions of 128 KiB. */
const REGION_SECTORS = 256;
const REGIONS = LEG_SECTORS / REGION_SECTORS;
const REGION_BYTES = REGION_SECTORS * 512;
/** Of the mirror whose writes are timed: as many regions as no run of writes goes through. */
const TIMED_SECTORS = 64;
const BLOCK = 4096;
const buffer = alignedMemory(BLOCK, BLOCK);
const UUID = 'LVM-bench';
const [DISK = ''] = (process.env['LAB_DISKS'] ?? '').split(' ');

/** Two legs and a log on the scratch disk. */
const PARTS = ['bench-log', 'bench-first', 'bench-second'] as const;
const [LOG, FIRST, SECOND] = PARTS.map((name) => `/dev/mapper/${name}`) as [string, string, string];
const MIRROR = 'bench-mirror';

function makeParts(): void {
  let at = 2048;
  for (const [name, sectors] of [
    [PARTS[0], 2048],
    [PARTS[1], LEG_SECTORS],
    [PARTS[2], LEG_SECTORS],
  ] as const) {
    sh(`dmsetup create ${name} --table '0 ${sectors} linear ${DISK} ${at}'`);
    at += sectors;
  }
}

/** A log, and who answers for it. */
interface Candidate {
  readonly name: string;
  readonly log: string;
  /** The server's command; undefined when the kernel keeps the log itself. */
  readonly server: readonly string[] | undefined;
}

async function startServer([command, ...words]: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command as string, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => String(chunk).startsWith('ready') && resolve());
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}`)));
  });
  return child;
}

/** A mirror with a candidate's log, while `use` runs. */
async function withMirror<T>({ log, server }: Candidate, use: () => Promise<T>): Promise<T> {
  sh(`dd if=/dev/zero of=${LOG} bs=64k count=1 oflag=direct 2>&1`);
  const child = server === undefined ? undefined : await startServer(server);
  try {
    const table = `0 ${LEG_SECTORS} mirror ${log} 2 ${FIRST} 0 ${SECOND} 0 1 handle_errors`;
    sh(`dmsetup create ${MIRROR} --table '${table}'`);
    try {
      return await use();
    } finally {
      sh(`dmsetup remove --retry ${MIRROR}`);
    }
  } finally {
    if (child !== undefined) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill();
      await ended;
    }
  }
}

/** Writes of 4 KiB, one at a time; how long each took, in milliseconds. */
function write(count: number, place: () => number): number[] {
  const fd = openDirect(`/dev/mapper/${MIRROR}`);
  try {
    return Array.from({ length: count }, () => {
      const start = performance.now();
      writeSync(fd, buffer, 0, BLOCK, place());
      return performance.now() - start;
    });
  } finally {
    closeSync(fd);
  }
}

const anyRegion = (): number => Math.floor(Math.random() * REGIONS) * REGION_BYTES;

/**
 * Regions in random order, none twice: in one that is dirty still, dmlogd writes nothing, and a C program that answers like
 * cmirrord would.
 */
function everyRegionOnce(): () => number {
  const left = Array.from({ length: LEG_SECTORS / TIMED_SECTORS }, (_, region) => region * TIMED_SECTORS * 512);
  return () => {
    const [place] = left.splice(Math.floor(Math.random() * left.length), 1);
    if (place === undefined) throw new RangeError('every region was written');
    return place;
  };
}

const SECTORS_WRITTEN = 6;
function logBytes(): number {
  const [, minor] =
    /(\d+)$/.exec(sh(`readlink ${LOG} || dmsetup info -c --noheadings -o minor ${PARTS[0]}`).trim()) ?? [];
  const fields = readFileSync(`/sys/block/dm-${minor}/stat`, 'utf8').trim().split(/\s+/);
  return Number(fields[SECTORS_WRITTEN]) * 512;
}

const OURS: Candidate = {
  name: 'dmlogd, disk log',
  log: `userspace 5 ${UUID} disk ${LOG} ${REGION_SECTORS} nosync`,
  server: ['dmlogd', 'serve'],
};

async function latencies(folder: string, rounds: number, count: number): Promise<Table> {
  const responder = buildResponder(folder);
  const regions = LEG_SECTORS / TIMED_SECTORS;
  // What compiles while it runs has done so then: a server runs for months.
  const warmUp = 2 * regions - count;
  const candidates: readonly Candidate[] = [
    {
      name: 'C responder, one block and fdatasync a flush',
      log: `userspace 4 ${UUID} clustered-core ${TIMED_SECTORS} nosync`,
      server: [responder, `${TIMED_SECTORS}`, `${regions}`, LOG],
    },
    {
      ...OURS,
      name: 'dmlogd, disk log, with integrated_flush',
      log: `userspace 6 ${UUID} integrated_flush disk ${LOG} ${TIMED_SECTORS} nosync`,
    },
    {
      ...OURS,
      name: 'dmlogd, disk log, the requests that cmirrord gets',
      log: `userspace 5 ${UUID} disk ${LOG} ${TIMED_SECTORS} nosync`,
    },
    { name: 'the kernel’s own disk log', log: `disk 3 ${LOG} ${TIMED_SECTORS} nosync`, server: undefined },
  ];
  const medians = candidates.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      say(`dirtylog: ${count} writes, ${candidate.name}`);
      const ms = await withMirror(candidate, async () => {
        write(regions, everyRegionOnce());
        const place = everyRegionOnce();
        write(warmUp - regions, place);
        return write(count, place);
      });
      medians[index]?.push(median(ms));
    }
  }
  const ratios = (index: number): number[] =>
    (medians[index] as number[]).map((value, round) => value / (medians[0]?.[round] as number));
  return {
    title: `Milliseconds of a write of 4 KiB at queue depth 1, of ${count} in random order, each to a region of its own, after ${warmUp} others`,
    columns: ['log', 'median of the rounds’ medians (range)', 'of C’s'],
    rows: candidates.map(({ name }, index) => [name, spread(medians[index] as number[]), spread(ratios(index))]),
    notes: [],
  };
}

/** What goes to the log device. */
async function logWrites(count: number): Promise<Table> {
  const counted = async (name: string, place: () => number): Promise<string[]> =>
    withMirror(OURS, async () => {
      const before = logBytes();
      const writes = write(count, place).length;
      // Until what was cleared has been written clean.
      await sleep(4000);
      const bytes = logBytes() - before;
      const { mirrors, requests } = JSON.parse(sh('dmlogd status --json'));
      return [name, `${writes}`, `${requests.FLUSH}`, `${mirrors[0].blocksWritten}`, `${bytes}`];
    });
  return {
    title: 'What is written to the log device',
    columns: [
      'writes',
      'count',
      'flushes',
      'blocks of at most 4 KiB, with those of the start',
      'bytes since the start',
    ],
    rows: [await counted('one region again and again', () => 0), await counted('random regions', anyRegion)],
    notes: [],
  };
}

async function resync(): Promise<Table> {
  sh(`dd if=/dev/urandom of=${FIRST} bs=1M count=${LEG_MIB} oflag=direct 2>&1`);
  const log = `userspace 3 ${UUID} core ${REGION_SECTORS}`;
  return withMirror({ name: 'core', log, server: OURS.server }, async () => {
    const start = performance.now();
    const regions = [REGIONS - 1, REGIONS - 100, REGIONS - 200];
    for (const region of regions) {
      sh(`dd if=/dev/urandom of=/dev/mapper/${MIRROR} bs=4k count=1 seek=${region * 32} oflag=direct 2>&1`);
    }
    const writes = performance.now() - start;
    const inSync = (): number => Number(/ (\d+)\/\d+ 1 /.exec(sh(`dmsetup status ${MIRROR}`))?.[1]);
    const atWrites = inSync();
    while (inSync() < REGIONS) await sleep(100);
    return {
      title: `Three writes into regions that are not in sync, during a resync of ${LEG_MIB} MiB`,
      columns: ['the three writes, s', 'regions in sync then', 'the resync, s'],
      rows: [[short(writes / 1000), `${atWrites} of ${REGIONS}`, short((performance.now() - start) / 1000)]],
      notes: ['dd is started for each.'],
    };
  });
}

/** A mirror with dmlogd's log beside one whose log a minimal C program answers. */
export const dirtylog: Scenario = async ({ quick }) => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  makeParts();
  try {
    return {
      title: 'A mirror whose log is kept in user space',
      method:
        `A mirror of two legs of ${LEG_MIB} MiB, regions of 128 KiB (32 KiB where writes are timed), on areas of the scratch disk. The C program ` +
        '(bench/dirtylog/responder.c) keeps no bits and says that all is in sync; a flush after a mark or a clear writes ' +
        'one block and waits for fdatasync(2), as cmirrord writes its whole log. Candidates take turns.',
      tables: [await latencies(folder, quick ? 1 : 5, 300), await logWrites(quick ? 300 : 1000), await resync()],
    };
  } finally {
    for (const name of PARTS) sh(`dmsetup remove --retry ${name}`);
    rmSync(folder, { recursive: true });
  }
};
