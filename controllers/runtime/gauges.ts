import { Gauge } from 'prom-client';
import type { Reader } from './caches.ts';
import type { Metrics } from './metrics.ts';

/** A number about objects, read from the local copy whenever it is asked for. Its labels name grants, peers or realms, never pods. */
export interface GaugeSpec {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly collect: (cache: Reader) => readonly Sample[];
}

/** One value of such a number. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Shows the gauges until disposed: only the replica that leads does, or everything would be counted twice. */
export function showGauges({ registry, beforeScrape }: Metrics, specs: readonly GaugeSpec[], cache: Reader): Disposable {
  const shown = specs.map(({ name, help, labels, collect }) => {
    const gauge = new Gauge({ name, help, labelNames: [...labels], registers: [registry] });
    return () => {
      // What is gone since the last time must not go on being shown.
      gauge.reset();
      for (const { labels: of, value } of collect(cache)) gauge.set(of, value);
    };
  });
  for (const collect of shown) beforeScrape.add(collect);
  return {
    [Symbol.dispose]() {
      for (const collect of shown) beforeScrape.delete(collect);
      for (const { name } of specs) registry.removeSingleMetric(name);
    },
  };
}
