/** The demo itself, where device-mapper is: on this machine or in the lab. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SYSTEM_FOLDERS } from './place.ts';
import { RECORDING_FILE } from './recording.ts';
import { Story } from './story.ts';
import { Terminal } from './terminal.ts';
import { UndoList } from './undo.ts';
import { makeVolume } from './volume.ts';

const LIMIT_MS = 150_000;

const [fileSystem = 'ext4', color = 'plain'] = process.argv.slice(2);
const terminal = new Terminal(color === 'color');
// The commands of this checkout, as after npm install -g; and root's programs for whoever became root by sudo.
const commands = fileURLToPath(new URL('../../bin', import.meta.url));
const folders = [commands, dirname(process.execPath), process.env['PATH'] ?? '', ...SYSTEM_FOLDERS];
process.env['PATH'] = folders.join(delimiter);

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => stop.abort(new Error(`interrupted (${name})`)));
}
const limit = setTimeout(() => stop.abort(new Error(`not done within ${LIMIT_MS / 1000} s`)), LIMIT_MS);
limit.unref();

const undo = new UndoList();
const failed: string[] = [];
try {
  terminal.say('A device-mapper volume with a file system, made by the library:');
  const disk = process.env['LAB_DISKS']?.split(' ')[0] || undefined;
  const kind = fileSystem === 'xfs' ? 'xfs' : 'ext4';
  const volume = await makeVolume({ fileSystem: kind, disk, terminal, undo, signal: stop.signal });
  const told = await new Story({ volume, terminal, undo, signal: stop.signal }).tell();
  failed.push(...told.failed);
  const out = process.env['LAB_OUT'];
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    const recording = { kernel: release(), fileSystem: kind, ...told.recording };
    writeFileSync(join(out, RECORDING_FILE), `${JSON.stringify(recording)}\n`);
  }
} catch (error) {
  const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
  failed.push(reason instanceof Error ? reason.message : String(reason));
}
const left = await undo.run();
terminal.check(left.length === 0, `removed: group, mount, device${process.env['LAB_DISKS'] ? '' : ', loop'}, files`);
for (const what of left) terminal.line(`      could not ${what}`);
failed.push(...left.map((what) => `could not ${what}`));
clearTimeout(limit);
if (failed.length > 0) terminal.line(`\nThe demo failed: ${failed.join('; ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
