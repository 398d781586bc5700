import { ERRNO } from '../../kernel/errno.ts';
import { crypt as grammar, secret } from '../../targets/index.ts';
import { sameWord } from '../../targets/words.ts';
import { Refusal } from '../errors.ts';
import type { Area, Model } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

const HEX_PAIRS = /^(?:[0-9a-f]{2})*$/i;

/** Digits that stand for whole bytes; the kernel drops an odd one. `-` is none. */
function digitsOf(key: string): string {
  return key === '-' ? '' : key.slice(0, key.length - (key.length % 2));
}

/**
 * The key of an encrypted device (drivers/md/dm-crypt.c): while the device is suspended it can be set and wiped, and
 * without one the device is not resumed. No keyring is simulated: no key is found in one. There is no data path.
 */
export function crypt(values: Values, [area]: readonly Area[], { linux: kernel, owner }: TargetContext): Model {
  if (area === undefined) throw new RangeError('a crypt target has a device');
  const { number } = area.device;
  let digits = digitsOf(values.key.reveal());
  if (digits.startsWith(':')) throw new Refusal(ERRNO.ENOKEY);
  const { length } = digits;
  let valid = true;
  const set = (key: string): void => {
    if (digitsOf(key).length !== length || key.startsWith(':')) throw new Refusal(ERRNO.EINVAL);
    valid = false;
    if (length > 0 && !HEX_PAIRS.test(digitsOf(key))) throw new Refusal(ERRNO.EINVAL);
    digits = digitsOf(key).toLowerCase();
    valid = true;
  };
  return {
    table: () =>
      grammar.readback({ ...values, device: number, key: secret(digits === '' ? '-' : digits) }, [], {
        kernel,
        numberOf: () => number,
      }),
    resuming() {
      if (!valid) throw new Refusal(ERRNO.EAGAIN);
    },
    message([subject = '', verb = '', key, ...more]) {
      if (!sameWord(subject, 'key') || !owner.suspended || more.length > 0) throw new Refusal(ERRNO.EINVAL);
      if (key !== undefined && sameWord(verb, 'set')) set(key);
      else if (key === undefined && sameWord(verb, 'wipe')) {
        valid = false;
        digits = '0'.repeat(length);
      } else throw new Refusal(ERRNO.EINVAL);
      return undefined;
    },
  };
}
