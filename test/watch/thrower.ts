/** Takes over the terminal and ends as it is told: for the tests of how the terminal is given back. */
import { openTerminal } from '../../src/watch/terminal.ts';

const [how] = process.argv.slice(2);
openTerminal(process.stdin, process.stdout).write('here');
setTimeout(() => {
  if (how === 'exit') process.exit(3);
  if (how === 'reject') Promise.reject(new Error('the bug'));
  if (how === 'throw') throw new Error('the bug');
}, 50);
