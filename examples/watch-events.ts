// Prints what happens to device-mapper's devices, until it is told to stop by Ctrl-C or after some seconds.
// Run as root: node watch-events.js 10
import { DeviceMapper } from 'devicemapper';

const [seconds = '3600'] = process.argv.slice(2);
const stop = AbortSignal.timeout(Number(seconds) * 1000);
using dm = DeviceMapper.open();
try {
  for await (const event of dm.events({ signal: stop })) {
    console.log(event.kind, JSON.stringify(event.device.name));
  }
} catch (error) {
  if (!stop.aborted) throw error;
}
