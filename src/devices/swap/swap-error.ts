import { DmError } from '../../mapper/errors.ts';

/** What a failed swap leaves: the device runs with its old table, or it is suspended. */
export type StateAfterSwap = 'runs-old' | 'suspended-old' | 'suspended-new' | 'without-table' | 'unknown';

const TEXTS: Readonly<Record<StateAfterSwap, string>> = {
  'runs-old': 'the device runs with its old table',
  'suspended-old':
    'the device has its old table and is suspended, as it cannot be resumed: put right what the kernel complains of, or swap in another table',
  'suspended-new':
    'the device is suspended with the new table, as the old one could not be put back: swap in a table that fits',
  'without-table': 'the device has no live table, as before',
  unknown: 'the device may be suspended: look with "dmsetup info"',
};

/** A table was not swapped. `remedy` says what state the device is in. */
export class SwapError extends DmError {
  readonly state: StateAfterSwap;

  constructor({ op, errno, reason }: DmError, name: string, state: StateAfterSwap) {
    super({ op, errno, device: name, reason, remedy: TEXTS[state] });
    this.state = state;
  }
}
