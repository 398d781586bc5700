#!/usr/bin/env node
import { main } from '../dmsetup.ts';
import { run } from '../run.ts';

run(main);
