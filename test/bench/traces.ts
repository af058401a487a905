import { globSync, readFileSync } from 'node:fs';
import { attempt } from '../../hack/testbed/steps.ts';
import { OWNER_LABEL, THIS_PROCESS } from '../env/container.ts';

/** What a realm may leave on a machine, by kind, each one on a line. */
export type Traces = Readonly<Record<string, readonly string[]>>;

/** All that is there now. Docker's mounts and programs name no realm, so others must start nothing meanwhile. */
export function traces(): Traces {
  const ours = ['--filter', `label=${OWNER_LABEL}=${THIS_PROCESS}`];
  return {
    containers: lines(attempt('docker', 'ps', '--all', '--quiet', ...ours).output),
    networks: lines(attempt('docker', 'network', 'ls', '--quiet', ...ours).output),
    volumes: lines(attempt('docker', 'volume', 'ls', '--quiet', ...ours).output),
    mounts: lines(readFileSync('/proc/self/mounts', 'utf8')),
    'network namespaces': lines(attempt('ls', '/run/docker/netns').output),
    programs: programs(),
  };
}

/** What is there now and was not before; what others had, and is gone, was nobody's to leave. */
export function leftSince(before: Traces, now: Traces): readonly string[] {
  return Object.entries(now).flatMap(([kind, found]) =>
    found.filter((one) => before[kind]?.includes(one) !== true).map((one) => `${kind}: ${one}`),
  );
}

/** What runs in containers, in theirs again, and beside them: whatever has a number of its own in there, and Docker's shims. */
function programs(): readonly string[] {
  return globSync('/proc/[0-9]*/status').flatMap((file) => {
    const status = contentOf(file);
    const of = (field: string): string => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
    const isBelow = /\s/.test(of('NSpid'));
    return isBelow || of('Name').startsWith('containerd-shim') ? [`${of('Name')} ${of('Pid')}`] : [];
  });
}

/** It may end while it is looked at. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

const lines = (text: string): readonly string[] => text.split('\n').filter(Boolean);
