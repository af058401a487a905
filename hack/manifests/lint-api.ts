import type { CrdManifest, CrdVersion } from '../../api/meta/json-schema.ts';
import { fieldsOf, rulesOf, type Field } from './fields.ts';
import { FIELD_RULES } from './lint-fields.ts';
import { KIND_RULES } from './lint-kinds.ts';

/** Written exemptions of one kind: path to the reason. They count for the rules against booleans and maps. */
export type Exemptions = Readonly<Record<string, string>>;

/** A reason shorter than this explains nothing. */
const SHORTEST_REASON = 10;

/** Everything about a CRD that breaks our API conventions, one line each: `file: path: rule: sentence`. */
export function lintCrd(file: string, crd: CrdManifest, because: Exemptions): readonly string[] {
  return crd.spec.versions.flatMap((version) => lintVersion(crd, version, because)).map((violation) => `${file}: ${violation}`);
}

function lintVersion(crd: CrdManifest, version: CrdVersion, because: Exemptions): readonly string[] {
  const root = version.schema.openAPIV3Schema;
  const fields = fieldsOf(root).filter(({ path }) => !/^\.(?:apiVersion|kind|metadata)$/.test(path));
  return [
    ...KIND_RULES.flatMap(({ rule, check }) =>
      check({ crd, version, root, fields }).map(([path, sentence]) => `${path}: ${rule}: ${sentence}`),
    ),
    ...fields.flatMap((field) => lintField(field, because)),
    ...rulesOf(root).flatMap(({ path, rule: { message } }) => lintMessage(path, message)),
    ...lintExemptions(fields, because),
  ];
}

const lintField = (field: Field, because: Exemptions): readonly string[] =>
  FIELD_RULES.flatMap(({ rule, exemptible, check }) => {
    const sentence = check(field);
    const exempt = exemptible === true && (because[field.path] ?? '').length >= SHORTEST_REASON;
    return sentence === undefined || exempt ? [] : [`${field.path}: ${rule}: ${sentence}`];
  });

function lintMessage(path: string, message: string | undefined): readonly string[] {
  if (message === undefined || message === '') return [`${path}: message: a CEL rule needs a sentence that says what to change`];
  return /[.\n]$|\n/.test(message) ? [`${path}: message: "${message}" must be one sentence on one line, without a period`] : [];
}

function lintExemptions(fields: readonly Field[], because: Exemptions): readonly string[] {
  const exemptible = FIELD_RULES.filter((rule) => rule.exemptible === true);
  return Object.keys(because)
    .filter((path) => !fields.some((field) => field.path === path && exemptible.some(({ check }) => check(field) !== undefined)))
    .map((path) => `${path}: exemption: nothing here needs one, so it must go`);
}
