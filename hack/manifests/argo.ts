import type { Kind } from '../../api/meta/crd.ts';
import { yamlFile, type GeneratedFile } from './file.ts';

const SCRIPT = 'config/argocd/health.lua';

/** What Argo CD is told of our kinds: one health for all of them, since all of them carry the same conditions. */
export function argoFiles(kinds: readonly Kind[], existing: (path: string) => string | undefined): readonly GeneratedFile[] {
  const health = existing(SCRIPT);
  if (health === undefined) return [];
  const data = Object.fromEntries(
    kinds.map(({ resource: { group, kind } }) => [`resource.customizations.health.${group}_${kind}`, health]),
  );
  const labels = { 'app.kubernetes.io/name': 'argocd-cm', 'app.kubernetes.io/part-of': 'argocd' };
  return [
    yamlFile('config/argocd/argocd-cm.yaml', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'argocd-cm', namespace: 'argocd', labels },
      data,
    }),
  ];
}
