import { readFileSync } from 'node:fs';
import { attempt } from '../../hack/testbed/steps.ts';

/** A way of IPv4 that this machine knows: to whom, as a number, and how many bits of that count. */
export interface Route {
  readonly to: number;
  readonly bits: number;
}

/** What this machine knows ways to. The kernel's own list has the main table only, and VPNs have tables of their own. */
export function routesHere(): readonly Route[] {
  const { ok, output } = attempt('ip', '-4', 'route', 'show', 'table', 'all');
  return ok ? shownByIp(output) : listedByKernel(readFileSync('/proc/net/route', 'utf8'));
}

/** One on a line, behind its kind unless that is the usual one; the way to everywhere is called `default`. */
export function shownByIp(text: string): readonly Route[] {
  const found = text.matchAll(/^(?:[a-z]+ )?(\d+)\.(\d+)\.(\d+)\.(\d+)(?:\/(\d+))?(?= |$)/gm);
  return [...found].map(([, a, b, c, d, bits = 32]) => ({
    to: [a, b, c, d].reduce((number, part) => number * 256 + Number(part), 0),
    bits: Number(bits),
  }));
}

/** As in /proc/net/route: addresses and masks in hexadecimal, with their last byte first. */
export function listedByKernel(text: string): readonly Route[] {
  const lines = text.trim().split('\n').slice(1);
  return lines.map((line) => {
    const [, destination = '', , , , , , mask = ''] = line.split('\t');
    return { to: fromHex(destination), bits: fromHex(mask).toString(2).replace(/0*$/, '').length };
  });
}

const fromHex = (text: string): number => Buffer.from(text, 'hex').readUInt32LE();
