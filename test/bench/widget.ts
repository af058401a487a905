import { columns, conditioned, crd, int64, object, sharedConditions, sharedReasons, text, type Infer } from '../../api/meta/schema.ts';

/** What the benchmark reconciles: a text whose hash is kept in a ConfigMap. `peer/widget.go` is the same for Go. */
export const widgetSchema = crd({
  group: 'bench.keystone.io',
  version: 'v1alpha1',
  kind: 'BenchWidget',
  plural: 'benchwidgets',
  scope: 'Namespaced',
  shortNames: ['bw'],
  description: 'BenchWidget has the hash of its spec kept in a ConfigMap, for benchmarks of the engine.',
  spec: object(
    {
      text: text({ maxLength: 4096, description: 'text is what is hashed.' }),
      revision: int64({ minimum: 0, description: 'revision is hashed as well; raising it is an edit.' }),
    },
    { description: 'spec says what is hashed.' },
  ),
  status: conditioned({}),
  columns: columns.ready().age().reason(),
  conditions: {
    ...sharedConditions,
    Hashed: { polarity: 'positive', means: 'The hash is known.' },
    Stored: { polarity: 'positive', means: 'The hash is kept.' },
  },
  reasons: { ...sharedReasons, Kept: { means: 'Everything is in place.', remedy: 'Nothing to do.' } },
});
export type BenchWidget = Infer<typeof widgetSchema>;
export const BenchWidget = widgetSchema.resource;
