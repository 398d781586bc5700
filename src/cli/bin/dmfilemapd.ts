#!/usr/bin/env -S node --no-memory-reducer --max-semi-space-size=2
// Neither can be set later. Without the first, V8's collector wakes an idle process every eight seconds; without the second
// it keeps tens of megabytes for new objects that a service at rest does not make.
import { main } from '../dmfilemapd.ts';
import { run } from '../run.ts';

run(main);
