import type { Columns } from './columns.ts';
import type { Infer, Schema } from './infer.ts';
import type { CrdManifest, JsonSchema, Validation } from './json-schema.ts';
import type { K8sObject, Resource } from './object.ts';
import type { ConditionMeaning, ReasonMeaning } from './status.ts';

interface KindOptions<Spec extends Schema, Status extends Schema, Conditions, Reasons> {
  readonly group: `${string}.io`;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly scope: 'Cluster' | 'Namespaced';
  readonly shortNames: readonly string[];
  /** What the kind is for; the first words of `kubectl explain`. */
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  /** Rules over the whole object, where the name is known too. */
  readonly cel?: readonly Validation[];
  readonly columns: Columns;
  /** Every condition type that the status may carry. */
  readonly conditions: Conditions;
  /** Every reason that a condition may carry: they are API, and the docs have a line for each. */
  readonly reasons: Reasons;
}

/** What a kind's object looks like to whoever reads it. */
type ObjectOfKind<Spec, Status> = K8sObject & { readonly spec: Infer<Spec>; readonly status?: Infer<Status> };

/** A kind: its type for the code, its resource for the client, its manifest for the API server, its words for the docs. */
export interface Kind<
  T extends K8sObject = K8sObject,
  Conditions = Readonly<Record<string, ConditionMeaning>>,
  Reasons = Readonly<Record<string, ReasonMeaning>>,
> {
  readonly resource: Resource<T>;
  readonly manifest: CrdManifest;
  readonly conditions: Conditions;
  readonly reasons: Reasons;
  /** Written exemptions from rules of the API linter, by path. */
  readonly because: Readonly<Record<string, string>>;
  /** Never set: carries T for inference. */
  readonly _type?: T;
}

const API_VERSION = 'apiVersion names the group and version of this kind.';
const KIND = 'kind names what this object is.';

/** Makes a kind of ours out of its schema. */
export function crd<
  Spec extends Schema,
  Status extends Schema,
  const Conditions extends Readonly<Record<string, ConditionMeaning>>,
  const Reasons extends Readonly<Record<string, ReasonMeaning>>,
>(options: KindOptions<Spec, Status, Conditions, Reasons>): Kind<ObjectOfKind<Spec, Status>, Conditions, Reasons> {
  const { group, version, kind, plural, scope, spec, status, conditions, reasons } = options;
  return {
    resource: { group, version, plural, kind, namespaced: scope === 'Namespaced' },
    manifest: manifestOf(options),
    conditions,
    reasons,
    because: { ...under('.spec', spec), ...under('.status', status) },
  };
}

function manifestOf(options: KindOptions<Schema, Schema, unknown, unknown>): CrdManifest {
  const { group, version, kind, plural, scope, shortNames, columns } = options;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames, categories: ['keystone'] },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns.list,
          schema: { openAPIV3Schema: rootOf(options) },
        },
      ],
    },
  };
}

function rootOf({ description, spec, status, cel }: KindOptions<Schema, Schema, unknown, unknown>): JsonSchema {
  const about = spec.json.description ?? 'spec is what is asked for.';
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: API_VERSION, type: 'string' },
      kind: { description: KIND, type: 'string' },
      metadata: { type: 'object' },
      spec: { ...spec.json, description: about },
      status: status.json,
    },
    ...(cel === undefined ? {} : { 'x-kubernetes-validations': cel }),
  };
}

const under = (prefix: string, { because }: Schema): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(because).map(([path, reason]) => [`${prefix}${path}`, reason]));
