import { isTest, type Sources } from './sources.ts';

/** A call of a logger with a text, however the level is chosen. */
const CALL =
  /\blog(?:ger)?(?:\.child\([^)]*\))?(?:\.(?:debug|info|warn|error)|\[[^\]]+\])\(\s*(?:'(?<plain>(?:[^'\\]|\\.)*)'|(?<template>`[^`]*`))/g;

/** Log messages that break the rules: a sentence that begins with a capital letter, has no period, and leaves values to the fields. */
export function oddLogMessages(sources: Sources): readonly string[] {
  return [...sources.values()].flatMap(({ path, text }) =>
    isTest(path)
      ? []
      : [...text.matchAll(CALL)].flatMap(({ groups, index }) => {
          const fault = faultIn(groups?.['plain'], groups?.['template']);
          return fault === undefined ? [] : [`${path}:${text.slice(0, index).split('\n').length} logs a message that ${fault}`];
        }),
  );
}

function faultIn(plain: string | undefined, template: string | undefined): string | undefined {
  if (template !== undefined) return 'holds values: give them as fields, so that equal messages are equal';
  if (plain === undefined || plain === '') return 'says nothing';
  if (!/^[A-Z]/.test(plain)) return 'does not begin with a capital letter';
  if (/[.!]$/.test(plain)) return 'ends like a sentence in a letter';
  return /failed to|error:/i.test(plain) ? 'says twice that something is wrong: the level does' : undefined;
}
