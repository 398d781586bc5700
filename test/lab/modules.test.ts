import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadOrder } from '../../lab/modules.ts';

const modulesDep = `kernel/drivers/virtio/virtio_ring.ko:
kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
kernel/drivers/md/dm-mod.ko.xz:
`;

test('loadOrder() puts what is needed first, and each file once', () => {
  assert.deepEqual(loadOrder(modulesDep, ['virtio_blk', 'virtio', 'dm_mod']), [
    'kernel/drivers/virtio/virtio_ring.ko',
    'kernel/drivers/virtio/virtio.ko',
    'kernel/drivers/block/virtio_blk.ko',
    'kernel/drivers/md/dm-mod.ko.xz',
  ]);
});

test('loadOrder() passes over what is built in', () => {
  assert.deepEqual(loadOrder(modulesDep, ['virtio_pci']), []);
});
