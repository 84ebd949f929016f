#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Compiled code is kept between runs (in the system's directory for temporary files), which halves start-up.
enableCompileCache();
const { run } = await import('./program.ts');
await run(process.argv);
