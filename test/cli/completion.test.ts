import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { SHELLS } from '../../src/cli/completion/completed.ts';
import { COMMANDS } from '../../src/cli/dmstats/commands.ts';
import { completionText } from '../../src/cli/dmstats/completion.ts';
import { STATS_FIELDS } from '../../src/report/stats-fields.ts';
import { SORTS } from '../../src/watch/measure.ts';
import { World } from './support.ts';

const without = (shell: string): false | string =>
  spawnSync(shell, ['-c', 'exit 0']).status === 0 ? false : `no ${shell}: apt-get install ${shell}`;

/** A folder with the completions for a shell, and device nodes, one with a name that a careless shell would run. */
function folderFor(t: TestContext, shell: (typeof SHELLS)[number]): string {
  const folder = mkdtempSync(join(tmpdir(), 'completion-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'mapper'));
  for (const name of ['control', 'vg-a', 'vg-b', 'x$(touch owned)']) writeFileSync(join(folder, 'mapper', name), '');
  writeFileSync(join(folder, 'a file'), '');
  writeFileSync(join(folder, 'script'), completionText(shell));
  return folder;
}

// The words of a line, the last one is completed; what is offered. `=` is a word of its own in bash.
const LINES: readonly (readonly [line: readonly string[], offered: readonly string[]])[] = [
  [['dmstats', 'cr'], ['create']],
  [['dmstats', ''], COMMANDS.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]))],
  [
    ['dmstats', 'delete', '--all'],
    ['--alldevices', '--allprograms', '--allregions'],
  ],
  [
    ['dmstats', 'list', 'vg-'],
    ['vg-a', 'vg-b'],
  ],
  [['dmstats', '--units', 'k', 'list', 'vg-a'], ['vg-a']],
  [['dmstats', 'list', 'x'], ['x\\$\\(touch\\ owned\\)']],
  [['dmstats', 'create', '--filemap', 'a'], ['a file']],
  [['dmstats', 'metrics', '--output', 'a'], ['a file']],
  [
    ['dmstats', 'create', '--follow', ''],
    ['inode', 'path'],
  ],
  [['dmstats', 'create', '--follow', '=', 'p'], ['path']],
  [
    ['dmstats', 'create', '--follow', '='],
    ['inode', 'path'],
  ],
  [['dmstats', 'create', '--alias', ''], []],
  [['dmstats', 'list', '-o', 'read_sector'], ['read_sector_count']],
  [
    ['dmstats', 'report', '-o', '+cov'],
    ['+coverage', '+coverage_all'],
  ],
  [['dmstats', 'report', '--options', '=', 'name,+error_'], ['name,+error_ios']],
  [['dmstats', 'report', '-O', 'util,-read_sector'], ['util,-read_sector_count']],
  [['dmstats', 'list', '--select', "'group_id=1 && (miss"], ['group_id=1 && (missed']],
  [['dmstats', 'list', '-S', 'hel'], ['help']],
  [['dmstats', 'top', '-O', ''], [...SORTS]],
  [
    ['dmstats', 'list', '-o', ''],
    [...STATS_FIELDS.names, 'all', 'help'],
  ],
  [['dmstats', '-o', ''], []],
  [['dmsetup', 'info', '-c', '-o', 'blkdevn'], ['blkdevname']],
  [['dmsetup', 'deps', '-o', 'devn'], []],
  [
    ['dmstats', 'completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['dmstats', 'help', 'wat'], ['watch']],
  [['dmstats', 'top', '--simul'], ['--simulate']],
  [['dmstats', 'nonsense', ''], []],
  [['dmsetup', 'remove_'], ['remove_all']],
  [['dmsetup', 'info', 'vg-b'], ['vg-b']],
  [['dmfilemapd', '--no'], ['--no-look-ahead']],
];

test('the completions for bash offer what the tables say', { skip: without('bash') }, (t) => {
  const folder = folderFor(t, 'bash');
  for (const [line, offered] of LINES) {
    const words = line.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const script = `source ./script; COMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}
      function=$(complete -p ${line[0]} | sed 's/.*-F \\([^ ]*\\).*/\\1/'); $function
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const env = { PATH: process.env['PATH'] ?? '', DM_DEV_DIR: folder };
    const text = execFileSync('bash', ['--norc', '-c', script], { cwd: folder, env, encoding: 'utf8' });
    assert.deepEqual(
      text.trimEnd().split('\n').sort(),
      offered.length === 0 ? [''] : [...offered].sort(),
      line.join(' '),
    );
  }
  assert.equal(spawnSync('test', ['-e', join(folder, 'owned')]).status, 1);
});

test('the completions for fish offer what the tables say', { skip: without('fish') }, (t) => {
  const folder = folderFor(t, 'fish');
  const offered = (line: string): string[] => {
    const script = `source ./script; complete -C '${line}'`;
    const env = { ...process.env, HOME: folder, DM_DEV_DIR: folder };
    const text = execFileSync('fish', ['--no-config', '-c', script], { cwd: folder, env, encoding: 'utf8' });
    return text
      .trimEnd()
      .split('\n')
      .map((one) => one.split('\t')[0] as string);
  };
  assert.deepEqual(offered('dmstats cr'), ['create']);
  assert.deepEqual(offered('dmstats list vg-'), ['vg-a', 'vg-b']);
  assert.deepEqual(offered('dmstats delete --all').sort(), ['--alldevices', '--allprograms', '--allregions']);
  assert.deepEqual(offered('dmstats create --follow ').sort(), ['inode', 'path']);
  assert.deepEqual(offered('dmsetup remove_'), ['remove_all']);
});

for (const shell of SHELLS) {
  test(`the completions for ${shell} are its language`, { skip: without(shell) }, (t) => {
    const folder = folderFor(t, shell);
    const { status, stderr } = spawnSync(shell, ['-n', join(folder, 'script')], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
  });
}

test('dmstats completion prints the completions of a shell, and refuses others', async () => {
  const world = new World();
  assert.equal(await world.ok('completion zsh'), completionText('zsh'));
  assert.match(await world.refusal('completion'), /one word, the shell: bash, zsh, fish/);
  assert.match(await world.refusal('completion', 'tcsh'), /bash, zsh, fish/);
});
