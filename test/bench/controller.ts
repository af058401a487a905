import { createHash } from 'node:crypto';
import { ConfigMap } from '../../api/meta/builtin.ts';
import {
  anyOf,
  byOwnerLabel,
  defineController,
  deletionStarted,
  generationChanged,
  type Controller,
  type Step,
} from '../../controllers/runtime/index.ts';
import { defineStatus } from '../../controllers/runtime/conditions.ts';
import { BenchWidget } from './widget.ts';

interface Facts {
  hash: string;
}

/** The work of the benchmark: one ConfigMap and one status for each object. `peer/reconcile.go` does the same. */
export const benchController = (concurrency: number): Controller =>
  defineController<BenchWidget, Facts>({
    name: 'bench',
    for: BenchWidget,
    when: anyOf(generationChanged, deletionStarted),
    owns: [byOwnerLabel(ConfigMap)],
    facts: () => ({ hash: '' }),
    plan: () => [keepHash],
    status: defineStatus<BenchWidget, Facts>(({ hash }) => ({
      ready: { status: 'True', reason: 'Kept', message: 'The hash is kept' },
      also: {
        Hashed: { status: 'True', reason: 'Kept', message: `The hash is ${hash.slice(0, 12)}` },
        Stored: { status: 'True', reason: 'Kept', message: 'A ConfigMap holds the hash' },
      },
    })),
    concurrency,
  });

const keepHash: Step<BenchWidget, Facts> = async ({ object: { metadata, spec }, facts, client }) => {
  const { name, namespace = '' } = metadata;
  facts.hash = createHash('sha256').update(JSON.stringify(spec)).digest('hex');
  await client.apply(ConfigMap, { metadata: { name: `widget-${name}`, namespace }, data: { hash: facts.hash } });
};
