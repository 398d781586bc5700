import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import {
  attempt,
  cleanUp,
  countsOfGroup,
  directRead,
  directWrite,
  eventually,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
  startDaemon,
  type Volume,
} from './support.ts';

const PATIENCE_MS = 60_000;
const MOVER = fileURLToPath(new URL('killed-mover.js', import.meta.url));

type Mounted = Volume & { readonly folder: string };

interface Moving {
  readonly volumes: readonly [Mounted, Mounted];
  /** A symbolic link to the folder of one of them. */
  readonly link: string;
  readonly path: string;
}

/** A file on each of two devices, of which a path names the first one. */
async function begin(t: TestContext): Promise<Moving> {
  const volumes = [await mountVolume(t, 'ext4'), await mountVolume(t, 'xfs')] as const;
  for (const { folder } of volumes) directWrite(`${folder}/data`, { count: 4 });
  // Another group has the first id on the second device.
  directWrite(`${volumes[1].folder}/other`, { count: 1 });
  using other = openFile(`${volumes[1].folder}/other`);
  await createFilemap(volumes[1].dm, other, { programId: 'dmstats', alias: 'other' });
  const link = `/tmp/link-${process.pid}`;
  cleanUp(t, () => sh(`rm -f ${link}`));
  return { volumes, link, path: `${link}/data` };
}

const lead = ({ link }: Moving, { folder }: Mounted): string => sh(`ln -sfn ${folder} ${link}`);

/** A daemon that kills itself in the middle of the move, which begins when it follows. */
async function moveAndDie(t: TestContext, moving: Moving, groupId: number, change: number): Promise<void> {
  const fd = openSync(moving.path, 'r');
  const words = [MOVER, `${change}`, '3', `${groupId}`, moving.path];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit', fd] });
  closeSync(fd);
  cleanUp(t, () => child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await eventually(
    () => `it follows: ${text}`,
    PATIENCE_MS,
    () => text.includes('Following'),
  );
  lead(moving, moving.volumes[1]);
  assert.deepEqual(await ended, [null, 'SIGKILL'], text);
}

/** All groups of the file, by device. */
async function groupsOf({ volumes }: Moving): Promise<{ volume: Mounted; groupId: number }[]> {
  const found: { volume: Mounted; groupId: number }[] = [];
  for (const volume of volumes) {
    const { groups } = await volume.stats.list();
    for (const { id, alias } of groups) if (alias === 'data') found.push({ volume, groupId: id });
  }
  return found;
}

/** The group is one, on the second device, with all that was read, and nothing is left of it elsewhere. */
async function assertMoved(moving: Moving, readSectors: bigint, when: string): Promise<void> {
  const [first, second] = moving.volumes;
  const [one, ...more] = await groupsOf(moving);
  assert.ok(one !== undefined && more.length === 0, `${when}: one group`);
  assert.equal(one.volume, second, when);
  assert.equal((await countsOfGroup(second.stats, one.groupId)).readSectors, readSectors, when);
  assert.deepEqual(await sectorsByRegions(second, one.groupId), sectorsByFilefrag(moving.path), when);
  assert.deepEqual((await first.stats.list()).regions, [], when);
  const { regions, groups } = await second.stats.list();
  const grouped = groups.flatMap(({ members }) => members).sort((a, b) => a - b);
  assert.deepEqual(
    regions.map(({ id }) => id),
    grouped,
    when,
  );
  assert.deepEqual(groups.map(({ alias }) => alias).sort(), ['data', 'other'], when);
}

/** Ends the daemon that goes on. */
type End = () => Promise<void>;

/** A way to go on after the kill, with the group's id of before and the one that a list shows now. */
type Restart = (t: TestContext, moving: Moving, before: number, now: number) => Promise<End>;

async function restartDaemon(t: TestContext, path: string, groupId: number): Promise<End> {
  const daemon = await startDaemon(t, path, groupId, 'path');
  return async () => {
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0, daemon.output());
  };
}

const withWordsOfBefore: Restart = (t, { path }, before) => restartDaemon(t, path, before);
const withListedId: Restart = (t, { path }, _before, now) => restartDaemon(t, path, now);
const byUpdate: Restart = async (_t, { path }, before) => {
  const { status, stderr } = attempt(`dmstats update_filemap --nomonitor --groupid ${before} ${path}`);
  assert.equal(status, 0, stderr);
  return async () => {};
};

// The changes of a move: the old tag names the new device, a region, the new tag, then the old group and its look-ahead
// go. Each request of one is a kill in test/simulation.
const KILLS: readonly (readonly [change: number, restart: Restart])[] = [
  [1, withWordsOfBefore],
  [3, byUpdate],
  [6, withListedId],
];

test('a group whose mover was killed is moved to the end by whoever goes on', async (t) => {
  const moving = await begin(t);
  const [first, second] = moving.volumes;
  const places: string[] = [];
  for (const [change, restart] of KILLS) {
    lead(moving, first);
    using file = openFile(moving.path);
    const { groupId = -1 } = await createFilemap(first.dm, file, { programId: 'dmstats', alias: 'data' });
    file[Symbol.dispose]();
    directRead(moving.path, { count: 4 });
    const when = `killed at change ${change}, then ${restart.name}`;
    await moveAndDie(t, moving, groupId, change);
    const [found, ...more] = await groupsOf(moving);
    assert.ok(found !== undefined && more.length === 0, when);
    assert.equal((await countsOfGroup(found.volume.stats, found.groupId)).readSectors, 4n * 128n, when);
    places.push(found.volume === first ? 'first' : 'second');
    const end = await restart(t, moving, groupId, found.groupId);
    directRead(moving.path, { count: 4 });
    await end();
    await assertMoved(moving, 8n * 128n, when);
    for (const group of (await second.stats.list()).groups) {
      if (group.alias === 'data') await second.stats.deleteGroup(group);
    }
  }
  assert.deepEqual(new Set(places), new Set(['first', 'second']));
});
