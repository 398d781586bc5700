/**
 * The server's own time per request, without socket and disk: `node dist/bench/dirtylog/requests.js`. Prints requests a
 * second and bytes allocated a request, as JSON.
 */
import { constructorData, encodeRequest, regionData } from '../../src/dirtylog/protocol/kernel-side.ts';
import { LogServer } from '../../src/dirtylog/server.ts';
import type { UlogRequestName } from '../../src/kernel/dm-log-userspace.ts';
import { median } from '../statistics.ts';
import { idlePorts } from './idle-ports.ts';

const REGIONS = 1_000_000;
const REQUESTS = 200_000;
const ROUNDS = 7;
const LUID = 0xffff_8880_0123_4500n;
/** As long as those of lvm2's mirrors. */
const UUID = `LVM-${'a'.repeat(64)}`;

let replies = 0;
const server = new LogServer({
  ...idlePorts,
  send: () => {
    replies++;
  },
});

function datagram(type: UlogRequestName, data: Uint8Array): Uint8Array {
  return encodeRequest({ type, luid: LUID, uuid: UUID, seq: 1, data });
}

async function hand(bytes: Uint8Array): Promise<void> {
  server.incoming.bytes.set(bytes);
  server.receive(bytes.length);
  await new Promise((resolve) => setImmediate(resolve));
}

/** One round: nanoseconds and bytes a request. */
function round(requests: readonly Uint8Array[]): { readonly ns: number; readonly bytes: number } {
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  for (let index = 0; index < REQUESTS; index++) {
    const request = requests[index % requests.length] as Uint8Array;
    server.incoming.bytes.set(request);
    server.receive(request.length);
  }
  const ms = performance.now() - start;
  return { ns: (ms * 1e6) / REQUESTS, bytes: (process.memoryUsage().heapUsed - before) / REQUESTS };
}

await hand(datagram('CTR', constructorData(`${REGIONS * 1024} core 1024 nosync`, { reconnects: false })));
await hand(datagram('RESUME', regionData()));

const at = (index: number): number => (index * 7919) % REGIONS;
const scattered = (type: UlogRequestName): Uint8Array[] =>
  Array.from({ length: 1000 }, (_, index) => datagram(type, regionData(at(index))));
const full = Array.from({ length: 32 }, (_, index) => at(index));
const cases: readonly (readonly [string, readonly Uint8Array[]])[] = [
  ['IN_SYNC', scattered('IN_SYNC')],
  ['MARK_REGION of 1', scattered('MARK_REGION')],
  ['FLUSH of 32', [datagram('FLUSH', regionData(...full))]],
  ['GET_SYNC_COUNT', [datagram('GET_SYNC_COUNT', regionData())]],
  [
    'a write: IN_SYNC 2, MARK, FLUSH, CLEAR, FLUSH',
    [
      ...['IN_SYNC', 'IN_SYNC', 'MARK_REGION'].map((type) => datagram(type as UlogRequestName, regionData(77))),
      datagram('FLUSH', regionData()),
      datagram('CLEAR_REGION', regionData(77)),
      datagram('FLUSH', regionData()),
    ],
  ],
];
for (const [name, requests] of cases) {
  replies = 0;
  const rounds = Array.from({ length: ROUNDS }, () => round(requests));
  if (replies !== ROUNDS * REQUESTS) throw new Error(`${name}: ${replies} replies`);
  const ns = median(rounds.slice(1).map((one) => one.ns));
  // A collection within a round makes its figure negative: the largest is what is allocated.
  const bytes = Math.max(0, ...rounds.slice(1).map((one) => one.bytes));
  const line = {
    name,
    nsPerRequest: Math.round(ns),
    requestsPerSecond: Math.round(1e9 / ns),
    bytesPerRequest: Math.round(bytes * 10) / 10,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
