/** Writes every manifest that is made from the code; with --check, only names those that are not up to date. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BANNER } from './file.ts';
import { outputsOf } from './outputs.ts';
import { projectSources } from './sources.ts';

const outputs = new Map(outputsOf(projectSources).map(({ path, content }) => [path, content]));
const outdated = [...outputs].filter(([path, content]) => projectSources.existing(path) !== content).map(([path]) => path);
const orphans = globSync('config/**/*.yaml').filter((path) => !outputs.has(path) && readFileSync(path, 'utf8').startsWith(BANNER));

if (process.argv.includes('--check')) {
  for (const path of outdated) console.log(`${path} is not up to date: run make manifests`);
  for (const path of orphans) console.log(`${path} is not generated any more: run make manifests`);
  process.exitCode = outdated.length + orphans.length === 0 ? 0 : 1;
} else {
  for (const path of outdated) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputs.get(path) ?? '');
    console.log(`  wrote ${path}`);
  }
  for (const path of orphans) {
    rmSync(path);
    console.log(`  removed ${path}`);
  }
}
