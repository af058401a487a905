import { expect } from 'chai';
import { attempt } from '../../hack/testbed/steps.ts';
import { skip } from '../../hack/verify/skip.ts';

/** What this machine drops and how often it has, as its rules say; a test of one who may not read them is skipped. */
export function rulesHere(test: Mocha.Context): string {
  const { ok, output } = readRules();
  if (!ok) skip(test, `the rules of this machine can't be read, which takes root: ${output}`);
  return output;
}

/** Fails unless whatever comes from a network of Docker's for anybody else is dropped, and whatever is for it from anybody else. */
export function expectClosed(network: string, rules: string): void {
  const { id, isInternal, range } = inspect(network);
  expect(isInternal).to.equal('true');
  for (const rule of [`! -d ${range} -i br-${id} -j DROP`, `! -s ${range} -o br-${id} -j DROP`]) expect(rules).to.include(rule);
}

/** How many packets of a network for anybody beyond it this machine has dropped. */
export function droppedFrom(network: string): number {
  const counted = new RegExp(`^\\[(\\d+):\\d+\\] .*! -d \\S+ -i br-${inspect(network).id} -j DROP$`, 'm');
  return Number(counted.exec(readRules().output)?.[1]);
}

/** Fails unless a program fails. */
export async function expectFailure(attempt: () => Promise<unknown>): Promise<void> {
  const said = await attempt().catch((error: unknown) => error);
  expect(said).to.be.instanceOf(Error);
}

const readRules = () => attempt('iptables-save', '--counters', '--table', 'filter');

function inspect(network: string) {
  const format = '{{.Id}} {{.Internal}} {{(index .IPAM.Config 0).Subnet}}';
  const [id = '', isInternal = '', range = ''] = attempt('docker', 'network', 'inspect', '--format', format, network).output.split(' ');
  return { id: id.slice(0, 12), isInternal, range };
}
