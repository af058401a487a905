import { expect } from 'chai';
import { listedByKernel, routesHere, shownByIp } from './routes.ts';

const TEN = 10 * 2 ** 24;

describe('the routes of this machine', () => {
  it('are read as ip shows them, of all tables and kinds', () => {
    const shown = `default via 192.0.2.1 dev eth0 
10.8.0.0/24 dev tun0 proto kernel scope link src 10.8.0.2 
10.0.0.0/8 via 10.8.0.1 dev tun0 table 52 
10.100.255.2 dev eth0 
blackhole 10.96.0.0/16 
local 127.0.0.0/8 dev lo table local proto kernel scope host src 127.0.0.1 
broadcast 10.8.0.255 dev tun0 table local proto kernel scope link src 10.8.0.2
10.7.0.0/16
`;
    expect(shownByIp(shown)).to.deep.equal([
      { to: TEN + 8 * 2 ** 16, bits: 24 },
      { to: TEN, bits: 8 },
      { to: TEN + 100 * 2 ** 16 + 255 * 2 ** 8 + 2, bits: 32 },
      { to: TEN + 96 * 2 ** 16, bits: 16 },
      { to: 127 * 2 ** 24, bits: 8 },
      { to: TEN + 8 * 2 ** 16 + 255, bits: 32 },
      { to: TEN + 7 * 2 ** 16, bits: 16 },
    ]);
    expect(shownByIp('')).to.deep.equal([]);
  });

  it('are read as the kernel lists them, where nothing shows them', () => {
    const line = (destination: string, mask: string): string => `eth0\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`;
    const head = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT';
    const text = [
      head,
      line('00000000', '00000000'),
      line('00000080', '00000080'),
      line('09FFC70A', 'FFFFFFFF'),
      line('0000640A', '0000FFFF'),
    ];
    expect(listedByKernel(`${text.join('\n')}\n`)).to.deep.equal([
      { to: 0, bits: 0 },
      { to: 2 ** 31, bits: 1 },
      { to: TEN + 199 * 2 ** 16 + 255 * 2 ** 8 + 9, bits: 32 },
      { to: TEN + 100 * 2 ** 16, bits: 16 },
    ]);
    expect(listedByKernel(head)).to.deep.equal([]);
  });

  it('are found here, whether there is an ip or not', () => {
    const path = process.env['PATH'];
    const shown = routesHere();
    process.env['PATH'] = '/nowhere';
    try {
      // The way to itself is in a table that the kernel's own list leaves out.
      expect(shown.length).to.be.at.least(routesHere().filter(({ bits }) => bits > 0).length);
    } finally {
      process.env['PATH'] = path;
    }
  });
});
