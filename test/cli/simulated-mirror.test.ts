import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startSimulatedMirror } from '../../src/cli/simulated-mirror.ts';

test('the simulated mirror is written, copied and cleaned by the real server', async () => {
  using mirror = await startSimulatedMirror();
  const ask = async () => {
    const served = (await mirror.askLogs(new AbortController().signal)) ?? assert.fail('it is served');
    const [status] = served.status.mirrors;
    const [heat] = served.heat;
    assert.ok(status !== undefined && heat !== undefined);
    return { ...status, writes: heat.parts.reduce((sum, writes) => sum + writes, 0) };
  };
  const before = await ask();
  assert.deepEqual([before.regions, before.inSync, before.dirty, before.writes], [4096, 0, 4096, 0]);
  for (let now = before; now.dirty === 4096 || now.inSync === 0 || now.writes === 0; now = await ask()) {
    await setTimeout(50, undefined, { ref: true });
  }
});
