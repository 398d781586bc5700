// One process, as for suite-devices.ts; in a guest of its own beside it, since each keeps one processor busy.
import './dmstats-parity.test.ts';
import './examples.test.ts';
import './filemap-service.test.ts';
import './filemap.test.ts';
import './filemapd.test.ts';
import './look-ahead.test.ts';
import './openmetrics.test.ts';
import './packed.test.ts';
import './report-parity.test.ts';
import './stacks.test.ts';
import './watch.test.ts';
