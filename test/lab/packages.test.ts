import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingPackages } from '../../lab/packages.ts';

test('missingPackages() names what dpkg has no list of, with or without an architecture', () => {
  const installed = (path: string) => !/\/(fio|kmod)[.:]/.test(path);
  assert.deepEqual(missingPackages(installed), ['kmod', 'fio']);
  assert.deepEqual(
    missingPackages((path) => path.endsWith(':amd64.list')),
    [],
  );
});
