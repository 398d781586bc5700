#!/usr/bin/env -S node --no-memory-reducer
// Without this flag V8's collector wakes an idle process every eight seconds; it cannot be set later.
import { main } from '../dmfilemapd.ts';
import { run } from '../run.ts';

run(main);
