/**
 * dmlogd's processor time a request beside that of a C program that only echoes, both on a socket pair, from the receive
 * to the send: `node dist/bench/dirtylog/loop.js`. In turns, so that both have the same machine. Prints JSON.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constructorData, encodeRequest, regionData } from '../../src/dirtylog/protocol/kernel-side.ts';
import type { UlogRequestName } from '../../src/kernel/dm-log-userspace.ts';
import { median } from '../statistics.ts';
import { buildResponder } from './responder.ts';

const REQUESTS = 20_000;
const ROUNDS = 9;
const REGIONS = 1_000_000;
const LUID = 0xffff_8880_0123_4500n;
/** As long as those of lvm2's mirrors. */
const UUID = `LVM-${'a'.repeat(64)}`;

interface Measured {
  readonly cpuNs: number;
  readonly tripNs: number;
}

function request(type: UlogRequestName, data: Uint8Array): Uint8Array {
  return encodeRequest({ type, luid: LUID, uuid: UUID, seq: 1, data });
}

/** What a write of 4 KiB asks, at scattered regions. */
function requestsOfWrites(): Uint8Array[] {
  return Array.from({ length: 500 }, (_, index) => regionData((index * 7919) % REGIONS)).flatMap((region) => [
    request('IN_SYNC', region),
    request('IN_SYNC', region),
    request('MARK_REGION', region),
    request('FLUSH', regionData()),
    request('CLEAR_REGION', region),
    request('FLUSH', regionData()),
  ]);
}

const folder = mkdtempSync(join(tmpdir(), 'dmlogd-loop-'));
try {
  const responder = buildResponder(folder);
  const setup = [
    request('CTR', constructorData(`${REGIONS * 1024} core 1024 nosync`, { reconnects: false })),
    request('RESUME', regionData()),
  ];
  const file = join(folder, 'requests');
  const lengthAnd = (bytes: Uint8Array): Uint8Array[] => [
    new Uint8Array(new Uint32Array([bytes.length]).buffer),
    bytes,
  ];
  writeFileSync(file, Buffer.concat([...setup, ...requestsOfWrites()].flatMap(lengthAnd)));
  const drive = (command: readonly string[]): Measured =>
    JSON.parse(execFileSync(responder, ['drive', `${REQUESTS}`, file, ...command], { encoding: 'utf8' }));
  const ours = [process.execPath, fileURLToPath(new URL('loop-server.js', import.meta.url))];
  const rounds = Array.from({ length: ROUNDS }, () => ({
    c: drive([responder, '1024', `${REGIONS}`]),
    ours: drive(ours),
  }));
  for (const [name, figure] of [
    ['processor time', (one: Measured) => one.cpuNs],
    ['round trip', (one: Measured) => one.tripNs],
  ] as const) {
    const ratios = rounds.map((round) => figure(round.ours) / figure(round.c));
    const line = {
      name,
      cNs: median(rounds.map((round) => figure(round.c))),
      oursNs: median(rounds.map((round) => figure(round.ours))),
      ratio: Number(median(ratios).toFixed(2)),
      ratios: [Math.min(...ratios), Math.max(...ratios)].map((ratio) => Number(ratio.toFixed(2))),
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
