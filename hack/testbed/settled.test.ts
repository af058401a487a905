import { expect } from 'chai';
import { mustAllBeDone } from './settled.ts';

const fine: PromiseSettledResult<string> = { status: 'fulfilled', value: 'up' };
const failed = (reason: unknown): PromiseSettledResult<string> => ({ status: 'rejected', reason });

describe('several things that are done at once', () => {
  const cases: readonly { name: string; outcomes: readonly PromiseSettledResult<string>[]; says: string | undefined }[] = [
    { name: 'nothing', outcomes: [], says: undefined },
    { name: 'no failure', outcomes: [fine, fine], says: undefined },
    { name: 'one failure', outcomes: [fine, failed(new Error('no room'))], says: 'no room' },
    {
      name: 'several failures',
      outcomes: [failed(new Error('no room')), fine, failed('no network')],
      says: '2 of 3 failed, the first like this: no room',
    },
    { name: 'a failure without a reason', outcomes: [failed(undefined)], says: 'undefined' },
  ];
  for (const { name, outcomes, says } of cases)
    it(`with ${name} ${says === undefined ? 'are done' : 'fail, and say so'}`, () => {
      if (says === undefined) mustAllBeDone(outcomes);
      else expect(() => mustAllBeDone(outcomes)).to.throw(says);
    });
});
