#!/usr/bin/env node
import { main } from '../dmlogd.ts';
import { run } from '../run.ts';

run(main);
