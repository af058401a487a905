import type { Kind } from '../../api/meta/crd.ts';
import { kustomization, yamlFile, type GeneratedFile } from './file.ts';

/** The CustomResourceDefinition of every kind. */
export function crdFiles(kinds: readonly Kind[]): readonly GeneratedFile[] {
  const files = kinds.map(({ manifest }) =>
    yamlFile(`config/crd/bases/${manifest.spec.group}_${manifest.spec.names.plural}.yaml`, manifest),
  );
  return [...files, kustomization('config/crd', files.map(({ path }) => path.replace('config/crd/', '')).toSorted())];
}
