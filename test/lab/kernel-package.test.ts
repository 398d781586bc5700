import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newestKernelPackage } from '../../lab/kernel-package.ts';

const names = `linux-image-6.1.0-9-amd64
linux-image-6.1.0-47-amd64
linux-image-6.1.0-50-amd64
linux-image-6.1.0-60-cloud-amd64
linux-image-6.1.0-60-rt-amd64
linux-image-6.1.0-60-amd64-dbg
linux-image-6.1.0-60-amd64-unsigned
linux-image-6.12-amd64
linux-image-6.12.9+deb12-amd64
linux-image-6.12.100+deb12-amd64
linux-image-6.12.117+deb12-cloud-amd64
linux-image-6.12.117+deb13-amd64
`;

test('newestKernelPackage() compares numbers, not text, and leaves out flavours', () => {
  assert.equal(newestKernelPackage(names, '6.1'), 'linux-image-6.1.0-50-amd64');
  assert.equal(newestKernelPackage(names, '6.12'), 'linux-image-6.12.100+deb12-amd64');
});

test('newestKernelPackage() finds nothing where there is nothing', () => {
  assert.equal(newestKernelPackage('', '6.1'), undefined);
});
