#!/usr/bin/env node
import { main } from '../devicemapper.ts';
import { run } from '../run.ts';

run(main);
