import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ensurePrograms } from './go-build.ts';
import { hasImage, importProgram, type ProgramImage } from './image.ts';
import { ROOT } from './steps.ts';

/** The folder of headscale and tailscaled. */
export const TAILNET_PROGRAMS = join(ROOT, 'bin/tailnet');

/** Images of a tailnet: what coordinates it, and what takes a realm into it. */
export interface TailnetImages {
  readonly headscale: string;
  readonly tailscaled: string;
}

/** Builds what a tailnet consists of unless it is there. */
export async function ensureTailnet(): Promise<TailnetImages> {
  const inputs = await ensurePrograms({
    what: 'Building Headscale and Tailscale',
    usually: '2–3 min the first time',
    packages: 1_100,
    module: join(import.meta.dirname, 'tailnet'),
    sources: ['github.com/juanfont/headscale/cmd/headscale', 'tailscale.com/cmd/tailscaled'],
    // One file for both: it is the command line where its name is tailscale.
    tags: ['osusergo', 'netgo', 'ts_include_cli', 'ts_omit_aws', 'ts_omit_bird', 'ts_omit_tap', 'ts_omit_kube'],
    into: TAILNET_PROGRAMS,
  });
  const tag = createHash('sha256').update(inputs).digest('hex').slice(0, 12);
  const images = { headscale: `keystone.test/headscale:${tag}`, tailscaled: `keystone.test/tailscaled:${tag}` };
  const programs: readonly ProgramImage[] = [
    { image: images.headscale, program: join(TAILNET_PROGRAMS, 'headscale'), folders: ['tmp', 'state'] },
    { image: images.tailscaled, program: join(TAILNET_PROGRAMS, 'tailscaled'), aliases: ['tailscale'] },
  ];
  for (const program of programs) if (!hasImage(program.image)) await importProgram(program);
  return images;
}
