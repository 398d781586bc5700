import type { ServerPorts } from '../../src/dirtylog/ports.ts';
import { inOrder } from '../../src/dirtylog/resync.ts';

/** A world in which nothing happens, and that has no log devices. */
export const idlePorts: ServerPorts = {
  send: () => {},
  event: () => {},
  poke: () => {},
  persist: () => {},
  openDevice: async () => {
    throw new Error('there is no device');
  },
  openRun: async () => undefined,
  resyncPolicy: () => inOrder,
  syncLegs: async () => {},
  now: () => performance.now(),
  minuteOfDay: () => 0,
  pause: async () => {},
};
