import { isTest, type Source, type Sources } from './sources.ts';

const EXPORT = /^export (?:declare |abstract |async )*(?:function\*?|const|class|interface|type) (?<name>[A-Za-z_$][\w$]*)/;
const DISABLE = /(?:oxlint|eslint)-(?:disable|enable)|@ts-(?:ignore|expect-error|nocheck)/;

/** Exported symbols that do not say what they promise, and silenced rules that do not say why. */
export function missingComments(sources: Sources): readonly string[] {
  return [...sources.values()].flatMap((source) => [...(isTest(source.path) ? [] : undocumented(source)), ...unexplained(source)]);
}

function undocumented({ path, text }: Source): readonly string[] {
  const lines = text.split('\n');
  const documented = new Set<string>();
  return lines.flatMap((line, at) => {
    const name = EXPORT.exec(line)?.groups?.['name'];
    // One comment serves all overloads of a function, and a value and a type of the same name.
    if (name === undefined || documented.has(name)) return [];
    if (commentAbove(lines, at)) documented.add(name);
    return documented.has(name) ? [] : [`${path}:${at + 1} exports ${name} without a doc comment`];
  });
}

function commentAbove(lines: readonly string[], at: number): boolean {
  const above = lines.slice(0, at).findLast((line) => !line.startsWith('//'));
  return above?.trimEnd().endsWith('*/') ?? false;
}

function unexplained({ path, text }: Source): readonly string[] {
  return text.split('\n').flatMap((line, at) => {
    const comment = /(?:^|\s)\/[/*](?<comment>.*)/.exec(line)?.groups?.['comment'] ?? '';
    return DISABLE.test(comment) && !/ -- \S+ \S+/.test(comment)
      ? [`${path}:${at + 1} silences a check without saying why (… -- reason)`]
      : [];
  });
}

/** Rules switched off in a lint configuration whose line above is no comment. */
export function unexplainedOffs(config: string): readonly string[] {
  const lines = config.split('\n').map((line) => line.trim());
  const isOff = (line: string | undefined): boolean => line !== undefined && /^"[^"]+": "off",?$/.test(line);
  return lines.filter((line, at) => {
    if (!isOff(line)) return false;
    const above = lines.slice(0, at).findLast((candidate) => !isOff(candidate));
    return above?.startsWith('//') !== true;
  });
}
