import type { Kind } from '../../api/meta/crd.ts';
import type { AdmissionPolicy } from '../../api/meta/policy.ts';
import type { WebhookDeclaration } from '../../api/meta/webhook.ts';
import { policyFiles, webhookFiles } from './admission.ts';
import { argoFiles } from './argo.ts';
import { crdFiles } from './crds.ts';
import { docsPage, pageOf } from './docs.ts';
import { kustomization, type GeneratedFile } from './file.ts';
import { kindRoles } from './kind-roles.ts';
import { operatorRoles, type Permitted } from './rbac.ts';

/** All that manifests are made from. */
export interface Sources {
  readonly kinds: readonly Kind[];
  readonly policies: readonly AdmissionPolicy[];
  readonly controllers: readonly Permitted[];
  readonly webhooks: readonly WebhookDeclaration[];
  /** The text of a file that is there already; pages keep what people wrote. */
  readonly existing: (path: string) => string | undefined;
}

/** Every generated file. The same sources give the same bytes. */
export function outputsOf({ kinds, policies, controllers, webhooks, existing }: Sources): readonly GeneratedFile[] {
  const roles = [...operatorRoles(controllers), ...kinds.flatMap(kindRoles)];
  return [
    ...crdFiles(kinds),
    ...roles,
    kustomization('config/rbac', roles.map(({ path }) => path.replace('config/rbac/', '')).toSorted()),
    ...policyFiles(policies),
    ...webhookFiles(webhooks),
    ...argoFiles(kinds, existing),
    ...kinds.map((kind) => docsPage(kind, existing(pageOf(kind)))),
  ];
}
