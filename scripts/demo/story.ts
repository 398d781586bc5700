import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { daemonsEnded, daemonsOf, killDaemons } from './daemon.ts';
import { type Balance, Following } from './following.ts';
import { FIRST_EXTENT_BYTES, FIRST_EXTENTS, GROWTH_MS, MIB } from './phases.ts';
import type { Recording } from './recording.ts';
import { percent, tableHead, tableRow } from './table.ts';
import { must, type Terminal } from './terminal.ts';
import { insist, type UndoList } from './undo.ts';
import type { DemoVolume } from './volume.ts';

/** For the regions to become the file's extents, once nothing moves any more. */
const SETTLE_MS = 5000;
/** The daemon looks for its group each half second while the device is written, else each five seconds. */
const DAEMON_END_MS = 12_000;
const ALIAS = 'vm.img';

export interface StoryWorld {
  readonly volume: DemoVolume;
  readonly terminal: Terminal;
  readonly undo: UndoList;
  readonly signal: AbortSignal;
}

/** What the demo shows, in its order. */
export class Story {
  readonly #world: StoryWorld;
  readonly #path: string;
  readonly #fillerPath: string;
  readonly #failed: string[] = [];

  constructor(world: StoryWorld) {
    this.#world = world;
    this.#path = join(world.volume.folder, ALIAS);
    this.#fillerPath = join(world.volume.folder, 'other.img');
  }

  /** @returns what was measured, and what did not come out as it should */
  async tell(): Promise<{ recording: Omit<Recording, 'kernel' | 'fileSystem'>; failed: readonly string[] }> {
    const { terminal, signal, volume } = this.#world;
    writeInTurns(this.#path, this.#fillerPath);
    const mib = (FIRST_EXTENTS * FIRST_EXTENT_BYTES) / MIB;
    terminal.dim(`  ${this.#path}: ${mib} MiB, written in turns with another file`);
    let showsRows = false;
    const following: Following = new Following({
      stats: volume.stats,
      path: this.#path,
      fillerPath: this.#fillerPath,
      alias: ALIAS,
      signal,
      onRow: (row) => {
        if (showsRows) terminal.line(tableRow({ ...row, atMs: row.atMs - (following.phases[0]?.atMs ?? 0) }));
      },
    });
    const unlessItFails = <T>(step: Promise<T>): Promise<T> =>
      Promise.race([step, following.ended.then(() => new Promise<never>(() => {}))]);
    try {
      await unlessItFails(this.#create(following));
      const seconds = GROWTH_MS / 1000;
      terminal.say(`For ${seconds} s a program grows the file in three ways, and reads a hot spot of it all the time:`);
      for (const line of tableHead()) terminal.line(line);
      showsRows = true;
      await unlessItFails(following.grow());
      showsRows = false;
      await unlessItFails(this.#report());
    } finally {
      await following.stop();
    }
    await this.#verify(following);
    await this.#delete(following);
    return { recording: following.recording, failed: this.#failed };
  }

  async #create(following: Following): Promise<void> {
    const { terminal, undo } = this.#world;
    terminal.say("The package's own commands map the file; a daemon, dmfilemapd, begins to follow it:");
    undo.add('end dmfilemapd', () => killDaemons(this.#path));
    undo.add('delete the group', () => this.#deleteGroups());
    // Precise: the kernel's default clock ticks each 4 ms, longer than most I/O takes.
    await this.#command('dmstats', 'create', '--filemap', '--precise', this.#path);
    following.mark('dmstats create');
    await this.#command('dmstats', 'list');
    await this.#showDaemon();
    if (daemonsOf(this.#path).length === 0) throw new Error('dmfilemapd does not run');
  }

  async #command(...words: string[]): Promise<void> {
    const { status } = await this.#world.terminal.command(words, this.#world.signal);
    if (status !== 0) throw new Error(`"${words.slice(0, 2).join(' ')}" ended with status ${status}`);
  }

  /** With pgrep where the machine has it. */
  async #showDaemon(): Promise<void> {
    const { terminal, signal } = this.#world;
    try {
      await must(['pgrep', '--version'], signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      terminal.line(`  process ${daemonsOf(this.#path).join(', ')} is dmfilemapd`);
      return;
    }
    await terminal.command(['pgrep', '-af', `^dmfilemapd .*${this.#path}`], signal);
  }

  async #report(): Promise<void> {
    this.#world.terminal.say(
      'The file does not grow any more; it is read and overwritten. One second of it, region by region:',
    );
    await this.#command('dmstats', 'report', '--interval', '1', '--count', '1');
  }

  #check(ok: boolean, text: string): void {
    this.#world.terminal.check(ok, text);
    if (!ok) this.#failed.push(text);
  }

  async #verify(following: Following): Promise<void> {
    const { terminal } = this.#world;
    terminal.say('The accounts are compared:');
    let last: Balance | undefined;
    await insist(async () => {
      last = await following.balance();
      if (!following.observer.isTrue(last.look)) throw new Error('the regions are not the extents yet');
    }, SETTLE_MS).catch(() => {});
    if (last === undefined) throw new Error('the file could not be read at the end');
    const { look, row, written, read } = last;
    const isTrue = following.observer.isTrue(look);
    this.#check(
      isTrue,
      `the ${row.regions} regions ${isTrue ? 'are' : 'are not'} the file's ${row.extents} extents, sector by sector`,
    );
    const counted = following.observer.sectorsCounted(look);
    this.#check(counted.read > 0n, `reads: ${counted.read} of ${read} sectors were counted`);
    this.#check(counted.read <= read && counted.written <= written, 'nothing was counted twice');
    const unseen = written - counted.written;
    terminal.line(`      writes: ${counted.written} of ${written} sectors were counted`);
    if (unseen === 0n) return;
    for (const line of [
      `The other ${unseen} (${percent(Number(unseen), Number(written))}) were written before anything could count them: their blocks had`,
      'no region yet, and lay where the daemon did not watch free space for growth. The group knows of',
      `${look.group?.missed ?? 0n} sectors that were the file's before.`,
    ]) {
      terminal.line(`      ${line}`);
    }
  }

  async #delete(following: Following): Promise<void> {
    const { terminal, volume } = this.#world;
    terminal.say('The group is deleted; the daemon sees it and ends:');
    const group = (await volume.stats.list()).groups.find(({ alias }) => alias === ALIAS);
    if (group === undefined) throw new Error(`there is no group ${ALIAS} any more`);
    await this.#command('dmstats', 'delete', '--groupid', `${group.id}`, volume.name);
    const ms = await daemonsEnded(this.#path, DAEMON_END_MS);
    this.#check(
      ms !== undefined,
      ms === undefined ? 'dmfilemapd still runs' : `dmfilemapd ended by itself, ${(ms / 1000).toFixed(1)} s later`,
    );
    following.mark('dmstats delete');
  }

  async #deleteGroups(): Promise<void> {
    const { stats } = this.#world.volume;
    for (const group of (await stats.list()).groups) await stats.deleteGroup(group);
    await daemonsEnded(this.#path, DAEMON_END_MS);
  }
}

/** Two files written piece by piece in turns: the file system cannot lay the pieces of one side by side. */
function writeInTurns(path: string, fillerPath: string): void {
  const block = Buffer.alloc(FIRST_EXTENT_BYTES, 0xa5);
  const files = [fillerPath, path].map((name) => openSync(name, 'wx'));
  for (let count = 0; count < FIRST_EXTENTS; count++) {
    for (const fd of files) {
      writeSync(fd, block);
      fsyncSync(fd);
    }
  }
  for (const fd of files) closeSync(fd);
}
