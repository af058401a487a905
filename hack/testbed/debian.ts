import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scratch } from './scratch.ts';
import { ROOT, run, SetupError, step } from './steps.ts';

/** Prometheus and its checker. */
export interface PrometheusTools {
  readonly prometheus: string;
  readonly promtool: string;
}

/** Fetches Prometheus if it is not there yet. */
export async function ensurePrometheus(): Promise<PrometheusTools> {
  const bin = join(await unpacked('prometheus', 'usr/bin/promtool'), 'usr/bin');
  return { prometheus: join(bin, 'prometheus'), promtool: join(bin, 'promtool') };
}

/** Fetches the language that Argo CD's health checks are written in; tells where the interpreter is. */
export async function ensureLua(): Promise<string> {
  return join(await unpacked('lua5.1', 'usr/bin/lua5.1'), 'usr/bin/lua5.1');
}

/** Fetches what sets a single process's clock; tells which library to load before all others. */
export async function ensureFakeClock(): Promise<string> {
  const home = await unpacked('libfaketime', 'usr/lib/*/faketime/libfaketime.so.1');
  const [library = ''] = globSync('usr/lib/*/faketime/libfaketime.so.1', { cwd: home });
  return join(home, library);
}

/** Fetches what makes a file system of packages; tells how to run it. */
export async function ensureDebootstrap(): Promise<{ readonly program: string; readonly env: Readonly<Record<string, string>> }> {
  const home = await unpacked('debootstrap', 'usr/sbin/debootstrap');
  return { program: join(home, 'usr/sbin/debootstrap'), env: { DEBOOTSTRAP_DIR: join(home, 'usr/share/debootstrap') } };
}

/** Where a package of the distribution is unpacked, beside us: installing it would change the machine, and may start services. */
async function unpacked(name: string, program: string): Promise<string> {
  const home = join(ROOT, '.cache/debian', name);
  if (globSync(program, { cwd: home }).length > 0) return home;
  if (!existsSync('/usr/bin/apt-get'))
    throw new SetupError(
      `No ${name} here and no apt to fetch it with: put it where ${join(home, program)} is expected, as a link to yours`,
    );
  await step(`Fetching ${name} from the distribution`, '5 s', async () => {
    mkdirSync(dirname(home), { recursive: true });
    const fresh = scratch(dirname(home), '.fetch');
    const download = (): Promise<void> => run('apt-get', ['download', '-q', name], { cwd: fresh });
    try {
      // A list that is older than the distribution names files that are there no more.
      await download().catch(async () => {
        await run('apt-get', ['update', '-q']);
        await download();
      });
      const [deb = ''] = globSync(`${name}_*.deb`, { cwd: fresh });
      await run('dpkg-deb', ['-x', deb, '.'], { cwd: fresh });
      rmSync(join(fresh, deb));
      // In one move: who comes meanwhile finds all of it or nothing, and who was first has made it for all.
      if (globSync(program, { cwd: home }).length === 0) {
        rmSync(home, { recursive: true, force: true });
        renameSync(fresh, home);
      }
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  });
  return home;
}
