import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { daemonsEnded, daemonsOf } from './daemon.ts';
import { Observer } from './observe.ts';
import { FIRST_EXTENT_BYTES, FIRST_EXTENTS, GROWTH_MS, MIB, PHASES, type PhaseName } from './phases.ts';
import type { Frame, Mark, Recording, Row } from './recording.ts';
import { percent, tableHead, tableRow } from './table.ts';
import { runCommand, type Terminal } from './terminal.ts';
import type { UndoList } from './undo.ts';
import type { DemoVolume } from './volume.ts';
import type { Writer } from './writer.ts';

const FRAME_MS = 250;
const FRAMES_A_ROW = 4;
const SETTLE_MS = 4000;
/** The daemon looks for its group each half second while the device is written, else each five seconds. */
const DAEMON_END_MS = 12_000;

/** What the demo shows, in its order. */
export class Story {
  readonly recording: Omit<Recording, 'kernel' | 'fileSystem'> & {
    frames: Frame[];
    rows: Row[];
    marks: Mark[];
    phases: { name: PhaseName; label: string; atMs: number }[];
  } = { frames: [], rows: [], marks: [], phases: [] };

  readonly #volume: DemoVolume;
  readonly #terminal: Terminal;
  readonly #undo: UndoList;
  readonly #signal: AbortSignal;
  readonly #path: string;
  readonly #fillerPath: string;
  #observer: Observer;
  #writer: Writer | undefined;
  #phase: PhaseName = 'append';
  #showsRows = false;
  #done = false;
  readonly #failed: string[] = [];

  constructor(world: { volume: DemoVolume; terminal: Terminal; undo: UndoList; signal: AbortSignal }) {
    this.#volume = world.volume;
    this.#terminal = world.terminal;
    this.#undo = world.undo;
    this.#signal = world.signal;
    this.#path = join(world.volume.folder, 'vm.img');
    this.#fillerPath = join(world.volume.folder, 'other.img');
    this.#observer = new Observer(world.volume.stats, this.#path, 'vm.img');
  }

  /** @returns what did not come out as it should */
  async tell(): Promise<string[]> {
    const terminal = this.#terminal;
    this.#writeFirstExtents();
    const size = (FIRST_EXTENTS * FIRST_EXTENT_BYTES) / MIB;
    terminal.dim(`  ${this.#path}: ${size} MiB in ${FIRST_EXTENTS} pieces, with another file's blocks between them`);
    this.#observer = new Observer(this.#volume.stats, this.#path, 'vm.img');
    const observing = this.#observe();
    // A failure there ends what runs here.
    const failure = observing.then(() => new Promise<never>(() => {}));
    failure.catch(() => {});
    try {
      await Promise.race([this.#create(), failure]);
      await Promise.race([this.#grow(), failure]);
      await Promise.race([this.#report(), failure]);
    } finally {
      this.#done = true;
      await this.#writer?.stop();
      await observing.catch(() => {});
    }
    await this.#verify();
    await this.#delete();
    return this.#failed;
  }

  /** Written in turns with another file, so that the file system cannot lay the pieces side by side. */
  #writeFirstExtents(): void {
    const [file, other] = [openSync(this.#path, 'wx'), openSync(this.#fillerPath, 'wx')];
    const block = Buffer.alloc(FIRST_EXTENT_BYTES, 0xa5);
    for (let piece = 0; piece < FIRST_EXTENTS; piece++) {
      for (const [fd, length] of [
        [file, FIRST_EXTENT_BYTES],
        [other, FIRST_EXTENT_BYTES / 2],
      ] as const) {
        writeSync(fd, block, 0, length);
        fsyncSync(fd);
      }
    }
    closeSync(file);
    closeSync(other);
  }

  /** Looks four times a second until the story is told; every fourth look is a row, once the program works. */
  async #observe(): Promise<void> {
    for (let count = 1; !this.#done; count++) {
      const due = performance.now() + FRAME_MS;
      const writer = this.#writer;
      if (writer === undefined || count % FRAMES_A_ROW !== 0) {
        this.recording.frames.push((await this.#observer.frame()).frame);
      } else {
        writer.check();
        await this.#row(writer);
      }
      await delay(Math.max(0, due - performance.now()), undefined, { signal: this.#signal });
    }
  }

  async #row(writer: Writer): Promise<void> {
    const { frame, look, done } = await writer.whilePaused(async () => {
      const { written, read } = writer.sectorsDone;
      return { ...(await this.#observer.frame()), done: written + read };
    });
    this.recording.frames.push(frame);
    const row = this.#observer.row(look, frame, this.#phase, done);
    this.recording.rows.push(row);
    if (this.#showsRows) this.#terminal.line(tableRow({ ...row, atMs: row.atMs - this.#growthBegan }));
  }

  async #create(): Promise<void> {
    const terminal = this.#terminal;
    terminal.say('The package’s own commands map the file, and a daemon follows it:');
    await this.#command('dmstats', 'create', '--filemap', this.#path);
    this.#undo.add('end dmfilemapd', () => endDaemons(this.#path));
    this.#undo.add('delete the group', () => this.#deleteAll());
    this.recording.marks.push({ atMs: this.#observer.now(), text: 'dmstats create' });
    await this.#command('dmstats', 'list', '--group');
    await this.#showDaemon();
    if (daemonsOf(this.#path).length === 0) throw new Error('dmfilemapd does not run');
  }

  async #command(...words: string[]): Promise<void> {
    const { status } = await this.#terminal.command(words, this.#signal);
    if (status !== 0) throw new Error(`"${words.slice(0, 2).join(' ')}" ended with status ${status}`);
  }

  /** With pgrep where the machine has it. */
  async #showDaemon(): Promise<void> {
    try {
      await this.#terminal.command(['pgrep', '-af', `^dmfilemapd .*${this.#path}`], this.#signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#terminal.line(`(no pgrep here; processes of dmfilemapd: ${daemonsOf(this.#path).join(', ') || 'none'})`);
    }
  }

  #growthBegan = 0;

  async #grow(): Promise<void> {
    const terminal = this.#terminal;
    const seconds = GROWTH_MS / 1000;
    terminal.say(`A program grows the file for ${seconds} s in three ways and reads a hot spot of it all the time:`);
    for (const line of tableHead()) terminal.line(line);
    // All that was counted until now was not the program's.
    const { look } = await this.#observer.frame();
    this.#observer.startRows(look);
    this.#countedBefore = look;
    const steady = new Promise<void>((resolve) => {
      this.#growthBegan = this.#observer.now();
      this.#showsRows = true;
      this.#writer = new Writer({ path: this.#path, fillerPath: this.#fillerPath }, (name) => {
        this.#phase = name;
        const label = PHASES.find((phase) => phase.name === name)?.label ?? name;
        this.recording.phases.push({ name, label, atMs: Math.round(this.#observer.now()) });
        if (name === 'steady') resolve();
      });
    });
    const aborted = new Promise<never>((_, reject) => {
      this.#signal.addEventListener('abort', () => reject(this.#signal.reason), { once: true });
    });
    await Promise.race([steady, aborted]);
    this.#showsRows = false;
  }
}
