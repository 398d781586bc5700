import assert from 'node:assert/strict';
import test from 'node:test';
import { groupTagForm } from '../../src/stats/tag-form.ts';

const LIBRARY = '/usr/lib64/libdevmapper.so.1.02.1';

/** A machine with one library, at one of the places. */
const having =
  (library: string) =>
  (path: string): string => {
    if (path !== LIBRARY) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return library;
  };

test('groupTagForm() tells the form by the date of the library, wherever in it that stands', () => {
  // Debian 12 has 1.02.185 of 2022, Debian 13 1.02.205 of 2025; names of symbols and of the file look like versions.
  const around = (version: string): string => `\0libdevmapper.so.1.02.1\0DM_1_02_197\0 1.02.\0${version}\0 1.02.9\0`;
  assert.equal(groupTagForm(having(around('1.02.185 (2022-05-18)'))), 'unquoted');
  assert.equal(groupTagForm(having(around('1.02.205 (2025-02-27)'))), 'quoted');
  assert.equal(groupTagForm(having(around('1.02.196-git (2023-07-31)'))), 'unquoted');
});

test('groupTagForm() takes the form of today where no library tells', () => {
  assert.equal(groupTagForm(having('1.02.185')), 'quoted');
  assert.equal(
    groupTagForm(() => {
      throw new Error('nothing there');
    }),
    'quoted',
  );
});
