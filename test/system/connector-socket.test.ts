import assert from 'node:assert/strict';
import test from 'node:test';
import { connectorMembers } from '../../src/system/connector-socket.ts';

// As Linux 6.1 prints it, with a server of the right group, one that followed the header's recipe (groups 1, 2, 3 and
// 7), one of another group, and a socket of another protocol with the same mask.
const NETLINK = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
00000000e9bb55c2 11  0          00000000 0        0        0     2        0        1029
000000004b23a595 11  146        00000040 0        0        0     2        0        459
000000004b23a596 11  4101       00000047 0        0        0     2        0        460
000000004b23a597 11  77         00000001 0        0        0     2        0        461
000000006f678e6c 15  99         00000040 0        0        0     2        0        26
`;

test('connectorMembers() finds the sockets of the group, whatever other groups they have', () => {
  assert.deepEqual(connectorMembers(NETLINK, 7), [
    { port: 146, inode: 459 },
    { port: 4101, inode: 460 },
  ]);
});

test('connectorMembers() finds none in a table without sockets', () => {
  assert.deepEqual(connectorMembers(NETLINK.split('\n')[0] ?? '', 7), []);
});
