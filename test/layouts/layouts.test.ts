import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  CN_IDX_DM,
  CN_VAL_DM_USERSPACE_LOG,
  CnMsg,
  cstring,
  DM_NAME_LIST_FLAGS,
  DM_NAME_LIST_NAME_OFFSET,
  DM_ULOG,
  DM_ULOG_REQUEST_MASK,
  DM_ULOG_REQUEST_VERSION,
  DmIoctl,
  DmTargetDeps,
  DmTargetMsg,
  DmTargetSpec,
  DmTargetVersions,
  DmUlogRequest,
  decodeDeviceNumber,
  encodeDeviceNumber,
  Fiemap,
  FiemapExtent,
  FS_IOC_FIEMAP,
  FS_IOC_FSGETXATTR,
  FS_XFLAG_REALTIME,
  Fsxattr,
  InotifyEvent,
  Iocb,
  IoEvent,
  IPC,
  LOOP_GET_STATUS64,
  LoopInfo64,
  NLMSG_DONE,
  NlMsgHdr,
  PollFd,
  requestCode,
  SEMCTL,
  SemBuf,
  SockaddrNl,
  struct,
  u8,
  u64,
} from '../../src/kernel/index.ts';

type Offsets = Record<string, Record<string, number>>;
// What a C compiler said of the kernel's headers: test/layouts/offsets.c.
const compiled = JSON.parse(
  readFileSync(new URL('../../../test/layouts/offsets.json', import.meta.url), 'utf8'),
) as Offsets;

for (const layout of [
  DmIoctl,
  DmTargetSpec,
  DmTargetDeps,
  DmTargetVersions,
  DmTargetMsg,
  Fiemap,
  FiemapExtent,
  Fsxattr,
  LoopInfo64,
  InotifyEvent,
  SemBuf,
  NlMsgHdr,
  SockaddrNl,
  PollFd,
  Iocb,
  IoEvent,
  CnMsg,
  DmUlogRequest,
]) {
  test(`struct() lays out ${layout.name} as the C compiler does`, () => {
    const { size, ...offsets } = compiled[layout.name] as Record<string, number>;
    assert.equal(layout.size, size);
    for (const [field, offset] of Object.entries(offsets)) {
      assert.equal((layout.offsets as Record<string, number>)[field], offset, field);
    }
  });
}

test('requestCode() gives the codes of the header', () => {
  const constants = compiled['constants'] as Record<string, number>;
  assert.equal(requestCode('DM_VERSION'), constants['DM_VERSION']);
  assert.equal(requestCode('DM_TARGET_MSG'), constants['DM_TARGET_MSG']);
  assert.equal(requestCode('DM_DEV_ARM_POLL'), constants['DM_DEV_ARM_POLL']);
  assert.equal(requestCode('DM_GET_TARGET_VERSION'), constants['DM_GET_TARGET_VERSION']);
  assert.equal(FS_IOC_FIEMAP, constants['FS_IOC_FIEMAP']);
  assert.equal(FS_IOC_FSGETXATTR, constants['FS_IOC_FSGETXATTR']);
  assert.equal(LOOP_GET_STATUS64, constants['LOOP_GET_STATUS64']);
  assert.equal(FS_XFLAG_REALTIME, constants['FS_XFLAG_REALTIME']);
  assert.equal(DM_NAME_LIST_NAME_OFFSET, constants['nameListName']);
  assert.equal(DmTargetDeps.size, constants['targetDepsDev']);
  assert.equal(DmTargetVersions.size, constants['targetVersionsName']);
  assert.deepEqual(DM_NAME_LIST_FLAGS, { HAS_UUID: constants['hasUuid'], DOESNT_HAVE_UUID: constants['hasNoUuid'] });
});

test('IPC and SEMCTL hold the numbers of the header', () => {
  const constants = compiled['constants'] as Record<string, number>;
  for (const [name, value] of Object.entries(IPC)) assert.equal(value, constants[`IPC_${name}`], name);
  for (const [name, value] of Object.entries(SEMCTL)) assert.equal(value, constants[name], name);
});

test('DM_ULOG and the connector have the numbers of the headers', () => {
  assert.deepEqual(DM_ULOG, compiled['ulog']);
  const numbers = { CN_IDX_DM, CN_VAL_DM_USERSPACE_LOG, NLMSG_DONE, DM_ULOG_REQUEST_MASK, DM_ULOG_REQUEST_VERSION };
  assert.deepEqual(numbers, compiled['connector']);
});

test('struct() reads and writes in place at an offset of a larger buffer', () => {
  const Pair = struct('pair', { view: u8, start: u64 });
  const bytes = new Uint8Array(64);
  const view = Pair.at(bytes.subarray(8), 16);
  view.start = 0x0102030405060708n;
  assert.deepEqual([...bytes.subarray(32, 40)], [8, 7, 6, 5, 4, 3, 2, 1]);
  assert.throws(() => Pair.at(bytes, 49), RangeError);
});

test('cstring() refuses a text that the field cannot hold with its NUL', () => {
  const Named = struct('named', { name: cstring(4) });
  const view = Named.at(new Uint8Array(4));
  view.name = 'abc';
  assert.equal(view.name, 'abc');
  assert.throws(() => {
    view.name = 'abcd';
  }, /4 bytes, the kernel's field holds 3/);
});

test('encodeDeviceNumber() packs minors beyond 255 as huge_encode_dev does', () => {
  assert.equal(encodeDeviceNumber({ major: 254, minor: 3 }), 0xfe03n);
  assert.equal(encodeDeviceNumber({ major: 254, minor: 0x12345 }), 0x1230fe45n);
  assert.deepEqual(decodeDeviceNumber(0x1230fe45n), { major: 254, minor: 0x12345 });
});
