#!/usr/bin/env node
import { main } from '../dmstats.ts';
import { run } from '../run.ts';

run(main);
