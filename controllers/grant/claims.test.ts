import { expect } from 'chai';
import { buildGrant } from '../../test/build.ts';
import { createClaimBook } from './claims.ts';
import { effectiveHard } from './hard.ts';

describe('what is held for a Grant', () => {
  const of = (cpu: string, memory: string) => effectiveHard({ 'requests.cpu': cpu, 'requests.memory': memory });
  const now = new Date('2030-06-01T00:00:00Z');

  it('is, of each thing, the more of what it was promised and of what it is still let in to', () => {
    const book = createClaimBook();
    const grant = buildGrant(
      { hard: { 'requests.cpu': '2', 'requests.memory': '8Gi' } },
      {},
      { epoch: 1, namespace: 'grant-x', hard: of('4', '4Gi') },
    );
    expect(book.claims([grant], now)[0]?.held).to.include({ 'requests.cpu': '4', 'requests.memory': '4Gi' });
    book.promise(grant);
    expect(book.claims([grant], now)[0]?.held).to.include({ 'requests.cpu': '4', 'requests.memory': '8Gi' });
  });
});
