/** Checks the alerts with Prometheus' own tool, and that each leads to a section of the runbook. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ensurePrometheus } from '../testbed/debian.ts';
import { SetupError } from '../testbed/steps.ts';

const RULES = 'config/prometheus/rules.yaml';

interface Manifest {
  readonly spec: {
    readonly groups: readonly {
      readonly rules: readonly { readonly alert: string; readonly annotations?: Readonly<Record<string, string>> }[];
    }[];
  };
}

try {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of ours; promtool looks at all that is read of it here
  const { spec } = parse(readFileSync(RULES, 'utf8')) as Manifest;
  const sections = new Set([...readFileSync('docs/runbook.md', 'utf8').matchAll(/^## (.+)$/gm)].map(([, title = '']) => title));
  const alerts = spec.groups.flatMap(({ rules }) => rules);
  const faults = alerts.flatMap(({ alert, annotations }) => {
    const wanted = `docs/runbook.md#${alert.toLowerCase()}`;
    return sections.has(alert) && annotations?.['runbook'] === wanted
      ? []
      : [`${RULES}: ${alert} has no section in docs/runbook.md, or does not lead to ${wanted}`];
  });
  const stale = [...sections]
    .filter((title) => !alerts.some(({ alert }) => alert === title))
    .map((title) => `docs/runbook.md: there is no alert ${title}`);
  const { promtool } = await ensurePrometheus();
  const folder = mkdtempSync(join(tmpdir(), 'keystone-rules-'));
  writeFileSync(join(folder, 'rules.yaml'), stringify(spec));
  const { status, stdout, stderr } = spawnSync(promtool, ['check', 'rules', join(folder, 'rules.yaml')], { encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  const found = [...faults, ...stale, ...(status === 0 ? [] : [`${stdout}${stderr}`.trim()])];
  for (const line of found) console.log(line);
  process.exitCode = found.length === 0 ? 0 : 1;
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.log(error.message);
  process.exitCode = 1;
}
