/** Whether a network holds an address; both as the schema admits them. */
export function holds(cidr: string, address: string): boolean {
  const [network = '', prefix = '0'] = cidr.split('/');
  if (network.includes(':') !== address.includes(':')) return false;
  const free = BigInt((network.includes(':') ? 128 : 32) - Number(prefix));
  return bitsOf(network) >> free === bitsOf(address) >> free;
}

const bitsOf = (address: string): bigint =>
  address.includes(':') ? joined(hextets(address), 16n, 16) : joined(address.split('.'), 8n, 10);

const joined = (parts: readonly string[], width: bigint, base: number): bigint =>
  parts.reduce((bits, part) => (bits << width) | BigInt(Number.parseInt(part, base)), 0n);

/** All eight groups of an IPv6 address; `::` stands for as many zeros as are missing. */
function hextets(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const groups = (text: string | undefined): readonly string[] => (text === undefined || text === '' ? [] : text.split(':'));
  const known = groups(head).length + groups(tail).length;
  return [...groups(head), ...Array.from({ length: tail === undefined ? 0 : 8 - known }, () => '0'), ...groups(tail)];
}
