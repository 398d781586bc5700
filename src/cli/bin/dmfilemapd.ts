#!/usr/bin/env node
import { main } from '../dmfilemapd.ts';
import { run } from '../run.ts';

run(main);
