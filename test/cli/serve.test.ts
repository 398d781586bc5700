import assert from 'node:assert/strict';
import test from 'node:test';
import { listenAddress } from '../../src/cli/dmstats/serve.ts';
import { World } from './support.ts';

/** Runs `dmstats serve` with these words until `look` has looked at its address. */
async function served(words: readonly string[], look: (url: string, line: string) => Promise<void>): Promise<number> {
  const world = new World();
  await world.ok('create t0');
  const controller = new AbortController();
  let failure: unknown;
  let text = '';
  const { status } = await world.run(['serve', ...words], {
    signal: controller.signal,
    stdout: {
      write(line) {
        text += line;
        const url = /http:\/\/\S+/.exec(line)?.[0] ?? '';
        look(url, line)
          .catch((error: unknown) => {
            failure = error;
          })
          .finally(() => controller.abort());
      },
    },
  });
  if (failure !== undefined) throw failure;
  assert.equal(text.split('\n').length, 2);
  return status;
}

test('serve prints its address in one line, serves, and ends when it is told to', async () => {
  const status = await served(['--listen', '127.0.0.1:0'], async (url, line) => {
    assert.match(line, /^Serving devices on http:\/\/127\.0\.0\.1:\d+\/\n$/);
    assert.match(await (await fetch(`${url}metrics`)).text(), /device="t0",region="0",program="dmstats"/);
  });
  assert.equal(status, 0);
});

test('serve --simulate serves files on devices of its own', async () => {
  const status = await served(['--simulate', '--listen', '[::1]:0', '--interval', '0.5'], async (url, line) => {
    assert.match(line, /^Serving simulated devices on http:\/\/\[::1\]:\d+\/\n$/);
    const text = await (await fetch(`${url}metrics`)).text();
    assert.match(text, /alias="\/srv\/db\/orders\.db"/);
    assert.doesNotMatch(text, /device="t0"/);
    // Where the files lie is told too.
    const stop = new AbortController();
    const { body } = await fetch(`${url}events`, { signal: stop.signal });
    let told = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      told += chunk;
      if (told.includes('event: sample')) break;
    }
    stop.abort();
    assert.match(told, /^data: \{"files":\[\{"path":"\/srv\/images\/vm-web\.img","device":"254:0","groupId":\d+,/m);
  });
  assert.equal(status, 0);
});

test('serve refuses what it cannot serve on, and takes a token from the environment', async () => {
  const world = new World();
  assert.match(await world.refusal('serve', '--listen', '0.0.0.0:0'), /give a --token/);
  assert.match(await world.refusal('serve', '--listen', '127.0.0.1'), /host:port, such as/);
  assert.match(await world.refusal('serve', '--interval', '0'), /Invalid --interval argument "0"/);
  assert.match(await world.refusal('serve', '/no/such/file'), /^ENOENT: no such file or directory, .*\/no\/such\/file/);
  assert.match(await world.refusal('serve', '/'), /\/ is no regular file: only those lie on a device/);
  const { stderr } = await world.run(['serve', '--listen', '0.0.0.0:0'], { env: { DMSTATS_TOKEN: 'short' } });
  assert.match(stderr, /fewer than 16 characters/);
});

test('serve tells one line when its port is taken', async () => {
  await served(['--listen', '127.0.0.1:0'], async (url) => {
    const { port } = new URL(url);
    assert.match(await new World().refusal('serve', '--listen', `127.0.0.1:${port}`), /EADDRINUSE/);
  });
});

test('listenAddress() takes names and addresses apart', () => {
  assert.deepEqual(listenAddress('localhost:9860'), { host: 'localhost', port: 9860 });
  assert.deepEqual(listenAddress('[::1]:0'), { host: '::1', port: 0 });
  for (const text of ['', ':80', '::1:80', 'host', 'host:', 'host:65536', 'host:x', 'a b:1']) {
    assert.throws(() => listenAddress(text), /Invalid --listen argument/);
  }
});

test('options of other tools keep their abbreviations', async () => {
  const world = new World();
  await world.ok('create --l 100s t0');
  assert.match(world.regions('t0'), /^0: 0\+100 /);
  assert.equal(await world.ok('list --noheadings --o region_id t0'), '0\n');
});
