import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, ROOT, run, SetupError, step } from './steps.ts';

/** Prometheus and its checker, unpacked; nothing of the machine is changed. */
export interface PrometheusTools {
  readonly prometheus: string;
  readonly promtool: string;
}

const HOME = join(ROOT, '.cache/prometheus');

/** Fetches Debian's package and unpacks it beside us: installing it would start a service. */
export async function ensurePrometheus(): Promise<PrometheusTools> {
  const tools = { prometheus: join(HOME, 'usr/bin/prometheus'), promtool: join(HOME, 'usr/bin/promtool') };
  if (existsSync(tools.promtool)) return tools;
  if (!existsSync('/usr/bin/apt-get'))
    throw new SetupError(`No Prometheus here and no apt to fetch it with: put prometheus and promtool into ${HOME}/usr/bin`);
  await step('Fetching Prometheus from the distribution', '10 s', async () => {
    const fresh = `${HOME}.${process.pid}`;
    mkdirSync(fresh, { recursive: true });
    if (!attempt('apt-cache', 'show', 'prometheus').ok) await run('apt-get', ['update', '-q']);
    await run('apt-get', ['download', '-q', 'prometheus'], { cwd: fresh });
    const [deb = ''] = globSync('prometheus_*.deb', { cwd: fresh });
    await run('dpkg-deb', ['-x', deb, '.'], { cwd: fresh });
    rmSync(join(fresh, deb));
    rmSync(HOME, { recursive: true, force: true });
    // In one move: who comes meanwhile finds all of it or nothing.
    renameSync(fresh, HOME);
  });
  return tools;
}
