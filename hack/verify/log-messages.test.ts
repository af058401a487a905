import { expect } from 'chai';
import { oddLogMessages } from './log-messages.ts';
import { parseSource } from './sources.ts';

const found = (text: string, path = 'controllers/a.ts'): readonly string[] => oddLogMessages(new Map([[path, parseSource(path, text)]]));

describe('log messages (checklist 38)', () => {
  it('may say what happened', () => {
    for (const call of ["log.info('Became leader', { identity })", "log[isConflict(error) ? 'debug' : 'warn']('Failed, trying again', {})"])
      expect(found(call)).to.deep.equal([]);
  });

  const odd = [
    { name: 'a small letter', text: "log.info('became leader')" },
    { name: 'a period', text: "this.log.warn('Became leader.')" },
    { name: 'values', text: 'log.info(`Became leader of ${lease}`)' },
    { name: 'trouble twice', text: "log.error(\n  'Failed to lead', { cause })" },
    { name: 'nothing', text: "logger.child({ a: 1 }).info('')" },
  ];
  for (const { name, text } of odd) it(`have not ${name}`, () => expect(found(`\n${text}`)).to.have.length(1));

  it('of tests are not looked at', () => expect(found("log.info('x')", 'controllers/a.test.ts')).to.deep.equal([]));
});
