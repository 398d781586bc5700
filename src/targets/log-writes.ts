import { choice, defineTarget, device, line, optional, text, u64 } from './grammar.ts';

/** A device whose writes are also logged, for tests of file systems (drivers/md/dm-log-writes.c). */
export const logWrites = defineTarget({
  type: 'log-writes',
  summary: 'writes through and keeps a log of all writes on a second device',
  params: line({
    device: device('what is mapped onto'),
    log: device('where the log is written', { extent: 'unknown' }),
  }),
  extra: 'ignored',
  status: line({
    entries: u64('entries in the log'),
    sector: u64('last sector of the log in use'),
    disabled: optional(choice('there when the log could not be written', ['logging_disabled'])),
  }),
  messages: { mark: line({ text: text('a mark in the log') }) },
});
