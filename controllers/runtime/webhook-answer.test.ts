import { expect } from 'chai';
import { PERMITTED, type Verdict } from '../../api/meta/webhook.ts';
import { answerBody } from './webhook-answer.ts';
import { LARGEST_BODY } from './webhook-body.ts';

const bodyOf = (object: unknown): Buffer =>
  Buffer.from(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', object } }));
const ORDINARY = bodyOf(Array(1_900).fill(0));
const MANY_VALUES = bodyOf(Array(499_000).fill(0));
const LONG_TEXT = bodyOf('x'.repeat(LARGEST_BODY - 1_000));

/** The codes of the answers to some bodies that are judged at the same time, in their order. */
async function codesOf(...bodies: readonly Buffer[]): Promise<readonly number[]> {
  const verdict = Promise.withResolvers<Verdict>();
  const answers = bodies.map((body) => answerBody(body, () => ({ verdict: verdict.promise, over: verdict.promise }), 1_000));
  verdict.resolve(PERMITTED);
  return (await Promise.all(answers)).map(({ code }) => code);
}

describe('reviews that are judged at the same time', () => {
  it('are refused where they would take more of the heap than there is, and one alone never is', async () => {
    expect(await codesOf(MANY_VALUES, MANY_VALUES)).to.deep.equal([200, 503]);
    const asLargeAsCanBe = bodyOf([...Array<number>(499_000).fill(0), 'x'.repeat(LARGEST_BODY - 1_000_000)]);
    expect(await codesOf(asLargeAsCanBe), 'what was answered counts no more').to.deep.equal([200]);
  });

  it('count with what they are long, too: a text is one value', async () => {
    const codes = await codesOf(...Array<Buffer>(20).fill(LONG_TEXT));
    expect(codes.filter((code) => code === 200)).to.have.length(8);
  });

  it('are never refused for large ones where they are small', async () => {
    const large = Array<Buffer>(10).fill(LONG_TEXT);
    expect(await codesOf(...large, MANY_VALUES, ...Array<Buffer>(70).fill(ORDINARY))).to.deep.equal([
      ...Array<number>(8).fill(200),
      ...Array<number>(3).fill(503),
      ...Array<number>(70).fill(200),
    ]);
  });

  it('leave their room to others only once nobody holds them, though the verdict came before for want of time', async () => {
    const over = Promise.withResolvers<void>();
    const late = await answerBody(MANY_VALUES, () => ({ verdict: Promise.resolve(PERMITTED), over: over.promise }), 1);
    expect([late.code, ...(await codesOf(MANY_VALUES))]).to.deep.equal([200, 503]);
    over.resolve();
    await over.promise;
    expect(await codesOf(MANY_VALUES)).to.deep.equal([200]);
  });

  it('leave their room to others however they end', async () => {
    for (let i = 0; i < 3; i++) {
      const request = { object: Array(499_000).fill(0) };
      expect(
        await answerBody(
          Buffer.from(JSON.stringify({ request })),
          () => ({ verdict: Promise.resolve(PERMITTED), over: Promise.resolve() }),
          1_000,
        ),
      ).to.include({ code: 400 });
    }
    expect(await codesOf(MANY_VALUES)).to.deep.equal([200]);
  });
});
