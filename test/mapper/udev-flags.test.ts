import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { UsageError } from '../../src/mapper/errors.ts';
import { cookieText, eventNumber, parseCookie, udevFlagNames } from '../../src/mapper/udev/flags.ts';
import { type UdevState, udevState } from '../../src/mapper/udev/state.ts';

test('udevFlagNames() names the flags as dmsetup udevflags does', () => {
  // What dmsetup 1.02.185 prints for these.
  const names = (cookie: number): string => udevFlagNames(cookie).join(' ');
  assert.equal(
    names(0x000d4d01),
    'DM_UDEV_DISABLE_DM_RULES_FLAG DM_UDEV_DISABLE_DISK_RULES_FLAG DM_UDEV_DISABLE_OTHER_RULES_FLAG',
  );
  assert.equal(names(6292275), 'DM_UDEV_DISABLE_LIBRARY_FALLBACK_FLAG DM_UDEV_PRIMARY_SOURCE_FLAG');
  assert.equal(
    names(0xffff1234),
    'DM_UDEV_DISABLE_DM_RULES_FLAG DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG DM_UDEV_DISABLE_DISK_RULES_FLAG ' +
      'DM_UDEV_DISABLE_OTHER_RULES_FLAG DM_UDEV_LOW_PRIORITY_FLAG DM_UDEV_DISABLE_LIBRARY_FALLBACK_FLAG ' +
      'DM_UDEV_PRIMARY_SOURCE_FLAG DM_UDEV_FLAG7 ' +
      'DM_SUBSYSTEM_UDEV_FLAG0 DM_SUBSYSTEM_UDEV_FLAG1 DM_SUBSYSTEM_UDEV_FLAG2 DM_SUBSYSTEM_UDEV_FLAG3 ' +
      'DM_SUBSYSTEM_UDEV_FLAG4 DM_SUBSYSTEM_UDEV_FLAG5 DM_SUBSYSTEM_UDEV_FLAG6 DM_SUBSYSTEM_UDEV_FLAG7',
  );
  assert.equal(names(1), '');
});

test('eventNumber() puts the flags above the cookie and refuses more than 16 bits of them', () => {
  // The capture of dmsetup create: 6356332 for cookie 0x0d4dfd6c with DISABLE_LIBRARY_FALLBACK.
  assert.equal(eventNumber(0x0d4dfd6c, 0x20), 6356332);
  assert.equal(eventNumber(0, 0xffff), 0xffff0000);
  for (const flags of [-1, 0x1_0000, 0.5]) assert.throws(() => eventNumber(0, flags), RangeError);
});

test('parseCookie() takes decimal and hexadecimal numbers of 32 bits, and nothing else', () => {
  assert.deepEqual(['6292275', '0x0D4D1234', '0xd4d1234'].map(parseCookie), [6292275, 0x0d4d1234, 0x0d4d1234]);
  for (const word of ['', '0', '-1', '1.5', 'abc', '0x', '4294967296', '1e3', ' 1']) {
    assert.throws(() => parseCookie(word), UsageError, word);
  }
  assert.equal(cookieText(0x0d4d0269), '0x0D4D0269');
});

test('udevState() looks at the environment, at udevd and at the rules in their order', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'udev-'));
  t.after(() => rmSync(root, { recursive: true }));
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const state = (environment = {}): UdevState => udevState({ root, environment });
  assert.equal(state(), 'absent');
  put('run/udev/control', '');
  assert.equal(state(), 'without-rules');
  put('lib/udev/rules.d/95-dm-notify.rules', 'ENV{DM_COOKIE}=="?*", RUN+="x"');
  assert.equal(state(), 'running');
  assert.equal(state({ DM_DISABLE_UDEV: '0' }), 'disabled');
  // udev(7): a link to /dev/null in /etc switches the rules of that name off.
  mkdirSync(join(root, 'etc/udev/rules.d'), { recursive: true });
  symlinkSync('/dev/null', join(root, 'etc/udev/rules.d/95-dm-notify.rules'));
  assert.equal(state(), 'without-rules');
});
