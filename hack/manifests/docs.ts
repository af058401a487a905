import type { Kind } from '../../api/meta/crd.ts';
import type { JsonSchema } from '../../api/meta/json-schema.ts';
import { isMoment } from '../../api/meta/scalars.ts';
import { fieldsOf, rulesOf } from './fields.ts';
import type { GeneratedFile } from './file.ts';

/** The generated parts of a kind's page, by name. All else on the page is written by hand and stays. */
type Blocks = Readonly<Record<string, string>>;

const begin = (name: string): string => `<!-- generated: ${name} -->`;
const end = (name: string): string => `<!-- end of ${name} -->`;

/** Where the page of a kind is. */
export const pageOf = ({ manifest }: Kind): string => `docs/${manifest.spec.names.singular}.md`;

/** The page of a kind: the one that is there with fresh generated parts, or the frame of a new one. */
export function docsPage(kind: Kind, existing: string | undefined): GeneratedFile {
  const path = pageOf(kind);
  const blocks = blocksOf(kind);
  const page =
    existing ??
    `# ${kind.resource.kind}\n\n${Object.keys(blocks)
      .map((name) => `## ${name}\n\n${begin(name)}\n${end(name)}\n`)
      .join('\n')}`;
  return { path, content: Object.entries(blocks).reduce((text, [name, content]) => fill(path, text, name, content), page) };
}

function fill(path: string, page: string, name: string, content: string): string {
  const [before, rest, ...more] = page.split(begin(name));
  const after = rest?.split(end(name));
  if (before === undefined || after?.length !== 2 || more.length > 0) {
    throw new Error(`${path} needs exactly one "${begin(name)}" with "${end(name)}" after it`);
  }
  return `${before}${begin(name)}\n${content}\n${end(name)}${after[1] ?? ''}`;
}

function blocksOf({ manifest, conditions, reasons }: Kind): Blocks {
  const { group, scope, names, versions } = manifest.spec;
  const [version] = versions;
  if (version === undefined) throw new Error(`${names.kind} has no version`);
  const root = version.schema.openAPIV3Schema;
  const short = (names.shortNames ?? []).map((name) => `\`${name}\``).join(', ');
  return {
    kind: table(
      ['API version', 'scope', 'plural', 'short name', 'categories'],
      [
        [
          `\`${group}/${version.name}\``,
          scope,
          `\`${names.plural}\``,
          short,
          (names.categories ?? []).map((name) => `\`${name}\``).join(', '),
        ],
      ],
    ),
    fields: fieldsTable(root),
    rules: table(
      ['where', 'what is refused, in the words of the API server'],
      rulesOf(root).map(({ path, rule }) => [`\`${path.slice(1) || 'the object'}\``, rule.message]),
    ),
    columns: table(
      ['column', 'shows', 'when'],
      (version.additionalPrinterColumns ?? []).map(({ name, description, priority }) => [
        name.toUpperCase(),
        description,
        priority === 1 ? '`-o wide`' : 'always',
      ]),
    ),
    conditions: table(
      ['condition', 'polarity', 'True means'],
      Object.entries(conditions).map(([type, { polarity, means }]) => [
        `\`${type}\``,
        polarity === 'abnormal' ? 'abnormal: there only while True' : 'positive',
        means,
      ]),
    ),
    reasons: table(
      ['reason', 'means', 'what to do'],
      Object.entries(reasons).map(([reason, { means, remedy }]) => [`\`${reason}\``, means, remedy]),
    ),
  };
}

/** Names, kind and metadata are every object's; what is inside a condition is Kubernetes' own. */
const ELSEWHERE = /^\.(?:apiVersion|kind|metadata)\b|^\.status\.conditions\[\]/;

function fieldsTable(root: JsonSchema): string {
  const fields = fieldsOf(root).filter(({ path, name }) => name !== '' && !ELSEWHERE.test(path));
  const rows = fields.map(({ path, schema, required }) => [
    `\`${path.slice(1)}\``,
    typeOf(schema),
    presence(path, schema, required),
    schema.description ?? '',
  ]);
  return table(['field', 'type', 'given', 'meaning'], rows);
}

function presence(path: string, schema: JsonSchema, required: boolean): string {
  if (path.startsWith('.status')) return 'by the operator';
  if (schema.default !== undefined) return `default \`${JSON.stringify(schema.default)}\``;
  return required ? 'required' : 'optional';
}

function typeOf(schema: JsonSchema): string {
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (isMoment(schema)) return 'time';
  const { items, additionalProperties: values } = schema;
  const name = [nameOf(schema), ...boundsOf(schema)].join(', ');
  const inner = items ?? values;
  return inner === undefined ? name : `${name}; each ${typeOf(inner)}`;
}

function nameOf(schema: JsonSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'quantity';
  if (schema.items !== undefined) return 'list';
  return schema.additionalProperties === undefined ? (schema.type ?? 'anything') : 'map';
}

function boundsOf(schema: JsonSchema): readonly string[] {
  const { minLength, maxLength, minItems, maxItems, minProperties, maxProperties, minimum, maximum, pattern } = schema;
  return [
    ...range(minLength, maxLength, ' characters'),
    ...range(minItems, maxItems, ' items'),
    ...range(minProperties, maxProperties, ' keys'),
    // The limits of what JavaScript counts exactly are nobody's concern.
    ...range(minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum, maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum, ''),
    ...(pattern === undefined || pattern.length > LONGEST_PATTERN ? [] : [`\`${pattern}\``]),
  ];
}

/** What a longer pattern means stands in the field's description. */
const LONGEST_PATTERN = 32;

function range(least: number | undefined, most: number | undefined, unit: string): readonly string[] {
  if (least === undefined) return most === undefined ? [] : [`at most ${most}${unit}`];
  if (most === undefined) return [`at least ${least}${unit}`];
  return [least === most ? `exactly ${least}${unit}` : `${least} to ${most}${unit}`];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
