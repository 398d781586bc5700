// Writes docs/targets.md from the grammars; run it after a build when a grammar changed.
import { writeFileSync } from 'node:fs';
import { documentationPage, targetTypes } from '../dist/src/targets/index.js';

writeFileSync(new URL('../docs/targets.md', import.meta.url), documentationPage(targetTypes));
