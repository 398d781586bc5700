// One process for all kernel tests: each more costs 3.5 s of start in an emulated guest.
import './dmstats-parity.test.ts';
import './filemap.test.ts';
import './filemapd.test.ts';
import './look-ahead.test.ts';
