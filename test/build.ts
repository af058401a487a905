import type { ConfigMap } from '../api/meta/builtin.ts';

/** A ConfigMap as the API server would serve it. */
export const configMap = (
  name: string,
  resourceVersion = '1',
  more: { readonly uid?: string; readonly data?: Record<string, string>; readonly labels?: Record<string, string> } = {},
): ConfigMap => ({
  metadata: {
    name,
    namespace: 'test',
    uid: more.uid ?? `uid-${name}`,
    resourceVersion,
    ...(more.labels === undefined ? {} : { labels: more.labels }),
  },
  ...(more.data === undefined ? {} : { data: more.data }),
});
