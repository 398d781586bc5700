// The units of packaging/ under a real systemd, the first process of name spaces of its own: what they allow must be
// enough for what the commands do.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allInSync, assertLegsEqual, makeLegs, makeMirror, REGION_SECTORS } from './dirtylog-support.ts';
import {
  attempt,
  cleanUp,
  directWrite,
  eventually,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
} from './support.ts';

/** Everything here takes a few seconds at most; an emulated guest on a busy machine may need many times that. */
const PATIENCE_MS = 120_000;
const UNITS = '/etc/systemd/system';
const PACKAGING = fileURLToPath(new URL('../../../packaging', import.meta.url));

/** Runs a command in the manager's name spaces. */
type Inside = (command: string) => ReturnType<typeof attempt>;

/** A systemd that has started nothing but what every service wants; ended after the test, with all that it started. */
async function startSystemd(t: TestContext): Promise<Inside> {
  // Beside the guest's own: udev would make nodes that other tests make themselves, and the journal is not looked at.
  for (const one of ['systemd-udevd.service', 'systemd-udevd-kernel.socket', 'systemd-udevd-control.socket']) {
    sh(`ln -sf /dev/null ${UNITS}/${one}`);
  }
  sh(`printf '[Unit]\\nDescription=lab\\n' > ${UNITS}/lab.target; cp ${PACKAGING}/* ${UNITS}`);
  for (const command of ['node', 'dmfilemapd', 'dmlogd']) {
    sh(`[ -x /usr/local/bin/${command} ] || ln -s "$(command -v ${command})" /usr/local/bin/${command}`);
  }
  const first =
    'mount --make-rprivate /; mount -t proc proc /proc; mount -t tmpfs tmpfs /run; ' +
    'exec /lib/systemd/systemd --system --unit=lab.target --show-status=no';
  const words = ['--pid', '--mount', '--cgroup', '--fork', '--kill-child', 'sh', '-c', first];
  const env = { PATH: process.env['PATH'], container: 'lab' };
  const child = spawn('unshare', words, { stdio: 'ignore', env });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  let pid = '';
  cleanUp(t, async () => {
    // The kernel lets go of the first process of name spaces when all others have ended.
    if (pid === '') child.kill('SIGKILL');
    else sh(`kill -9 ${pid}`);
    await ended;
  });
  await eventually('the name spaces are there', PATIENCE_MS, () => {
    pid = attempt(`pgrep -P ${child.pid} -x systemd`).stdout.trim();
    return pid !== '';
  });
  const inside: Inside = (command) => attempt(`nsenter -t ${pid} -m -p -C sh -c '${command}'`);
  await eventually('systemd runs', PATIENCE_MS, () => inside('systemctl is-system-running').stdout === 'running\n');
  return inside;
}

test('packaging/dmfilemapd.socket starts the service at the first file, which follows, survives and preallocates', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const { folder } = volume;
  const path = `${folder}/data`;
  // As a virtual machine's image is: another user's, and nobody else may read it.
  directWrite(path, { count: 8 });
  sh(`chown 64055:64055 ${path}; chmod 600 ${path}`);
  const inside = await startSystemd(t);
  assert.equal(inside('systemctl start dmfilemapd.socket').status, 0);
  assert.notEqual(inside('systemctl is-active dmfilemapd.service').status, 0, 'nothing was asked yet');
  assert.deepEqual(inside(`dmstats create --filemap ${path}`), {
    status: 0,
    stdout: `${path}: Created new group with 1 region(s) as group ID 0.\n`,
    stderr: '',
  });
  assert.equal(inside('systemctl is-active dmfilemapd.service').stdout, 'active\n');
  const isTrue = async (): Promise<boolean> => {
    sh('sync');
    const [regions, extents] = [await sectorsByRegions(volume, 0), sectorsByFilefrag(path)];
    return regions.size === extents.size && [...extents].every((sector) => regions.has(sector));
  };
  directWrite(path, { count: 8, seek: 8 });
  await eventually('the growth has regions', PATIENCE_MS, isTrue);

  inside('systemctl kill --signal=KILL dmfilemapd.service');
  directWrite(path, { count: 8, seek: 16 });
  await eventually('the next one follows the file', PATIENCE_MS, isTrue);
  assert.match(inside('dmfilemapd status').stdout, new RegExp(`^${path} +following `, 'm'));

  // As the unit says for --preallocate.
  const more = `[Service]\\nReadWritePaths=${folder}\\nCapabilityBoundingSet=CAP_DAC_OVERRIDE\\n`;
  inside(`mkdir ${UNITS}/dmfilemapd.service.d; printf "${more}" > ${UNITS}/dmfilemapd.service.d/write.conf`);
  inside('systemctl daemon-reload; systemctl restart dmfilemapd.service');
  const other = `${folder}/other`;
  directWrite(other, { count: 8 });
  sh(`chown 64055:64055 ${other}; chmod 600 ${other}`);
  const { blocks } = statSync(other);
  const asked = inside(`dmstats create --filemap --preallocate 1m ${other}`);
  assert.equal(asked.status, 0, asked.stderr);
  assert.ok(statSync(other).blocks >= blocks + 2048, `${statSync(other).blocks} blocks`);
  assert.equal(inside('systemctl stop dmfilemapd.socket dmfilemapd.service').status, 0);
  assert.equal(statSync(other).blocks, blocks);
  assert.match(inside('systemctl show -p Result dmfilemapd.service').stdout, /^Result=success$/m);
  assert.deepEqual((await volume.stats.list('dmstats-ahead')).regions, []);
});

test('packaging/dmlogd.service serves a mirror, and goes on at once when it is killed', async (t) => {
  const inside = await startSystemd(t);
  const started = inside('systemctl start dmlogd.service');
  assert.equal(started.status, 0, `${started.stderr}${inside('systemctl status dmlogd.service').stdout}`);
  assert.equal(inside('systemctl show -p Slice --value dmlogd.service').stdout, 'dmlogd.slice\n');
  const legs = await makeLegs(t, 4, { random: true });
  const mirror = await makeMirror(t, { log: `clustered-core ${REGION_SECTORS}` }, legs);
  inside('systemctl kill --signal=KILL --kill-who=main dmlogd.service');
  sh(`dd if=/dev/urandom of=${mirror.node} bs=4k count=1 seek=1000 oflag=direct 2>&1`);
  await allInSync(mirror);
  assertLegsEqual(mirror);
  assert.match(
    inside('dmlogd status').stdout,
    new RegExp(`^${mirror.uuid} +${mirror.name} +core +running +32 +32 +0`, 'm'),
  );
});
