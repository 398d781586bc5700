// dmlogd's loop and server on a socket that is descriptor 3, with a world of nothing: what `loop.ts` measures.
import { Busy } from '../../src/dirtylog/daemon/busy.ts';
import { RequestLoop } from '../../src/dirtylog/daemon/request-loop.ts';
import { LogServer } from '../../src/dirtylog/server.ts';
import { ConnectorSocket } from '../../src/system/connector-socket.ts';
import { EventFd } from '../../src/system/event-fd.ts';
import { idlePorts } from './idle-ports.ts';

const SOCKET_FD = 3;

const socket = new ConnectorSocket(SOCKET_FD);
const server = new LogServer({ ...idlePorts, send: (bytes, length) => socket.send(bytes, length) });
const writers = { writes: undefined, busy: new Busy() };
await new RequestLoop(socket, server, writers, new EventFd().fd).run((length) => server.receive(length));
