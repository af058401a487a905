import { POD_IMAGE } from '../../hack/testbed/realm-bundle.ts';

/** What a test wants different of a Pod. */
export interface PodOptions {
  readonly args?: readonly string[];
  readonly labels?: Record<string, string>;
  /** The node that it is to run on. */
  readonly node?: string;
  readonly image?: string;
  /** A claim that is mounted at /data. */
  readonly claim?: string;
  readonly limits?: Record<string, string>;
}

/** A Pod's spec that runs the tests' own program. */
export function podSpec({ args = ['serve'], node, image = POD_IMAGE, claim, limits }: PodOptions = {}): object {
  return {
    terminationGracePeriodSeconds: 1,
    ...(node === undefined ? {} : { nodeName: node }),
    containers: [
      {
        name: 'main',
        image,
        imagePullPolicy: image === POD_IMAGE ? 'Never' : 'Always',
        args,
        ...(limits === undefined ? {} : { resources: { limits } }),
        ...(claim === undefined ? {} : { volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      },
    ],
    ...(claim === undefined ? {} : { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: claim } }] }),
  };
}

/** A Pod that runs the tests' own program. */
export function pod(namespace: string, name: string, options: PodOptions = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels: { app: name, ...options.labels } },
    spec: podSpec(options),
  };
}

/** A Service in front of Pods with the label `app`. */
export function service(namespace: string, app: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name: app },
    spec: {
      selector: { app },
      ports: [
        { name: 'http', port: 80, targetPort: 8080 },
        { name: 'lines', port: 7777 },
      ],
    },
  };
}

/** A claim to a volume, from a snapshot if one is named. */
export function claim(namespace: string, name: string, snapshot?: string): object {
  const dataSource = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: snapshot };
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '10Mi' } },
      ...(snapshot === undefined ? {} : { dataSource }),
    },
  };
}
