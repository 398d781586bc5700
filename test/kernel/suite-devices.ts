// One process for these kernel tests: each more costs 3.5 s of start in an emulated guest.
// First: it wants a device-mapper without devices.
import './differential.test.ts';
import './devices-cache.test.ts';
import './devices-thin.test.ts';
import './devices.test.ts';
import './dirtylog-failures.test.ts';
import './dirtylog-survival.test.ts';
import './dirtylog.test.ts';
import './dmlogd-command.test.ts';
import './dmlogd-interchange.test.ts';
import './dmlogd-resync.test.ts';
import './dmsetup.test.ts';
import './holders.test.ts';
import './mapper.test.ts';
import './target-tables.test.ts';
import './targets.test.ts';
import './udev.test.ts';
