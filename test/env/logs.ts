import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The end of each program's log below a folder; the supervisors' stand among them and say which one to read. */
export function tails(folder: string): string {
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.log'))
    : [];
  const tail = (path: string): string => {
    const lines = readFileSync(join(folder, path), 'utf8').trimEnd().split('\n').slice(-10);
    return [`--- ${path}`, ...lines.map((line) => line.slice(0, 300))].join('\n');
  };
  return files.length === 0 ? 'none of its programs has logged anything' : files.sort().map(tail).join('\n');
}
