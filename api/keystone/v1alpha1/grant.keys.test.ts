import { expect } from 'chai';
import { effectiveHard } from '../../../controllers/grant/hard.ts';
import { UNNAMED } from './grant.keys.ts';

describe('What a Grant lends of a key that it does not name', () => {
  it('is what the controller enforces', () => {
    expect(effectiveHard({})).to.include(UNNAMED);
    const nothing = Object.entries(effectiveHard({})).filter(([key]) => !(key in UNNAMED));
    for (const [key, amount] of nothing) expect(amount, key).to.equal('0');
  });
});
