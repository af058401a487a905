import type { AdmissionPolicy } from '../../meta/policy.ts';
import { DEVICE_CLASS_SUFFIX } from './grant.keys.ts';
import { IN_POD, isModest, LONGEST_GRACE_S, MODESTY } from './grant.policies.workloads.ts';
import {
  ALLOWED_PRIORITY_CLASSES,
  ALLOWED_RESOURCES,
  ALLOWED_RUNTIME_CLASSES,
  BEFORE,
  changes,
  few,
  FOR_GUESTS,
  IN_SLICES,
  listed,
  match,
  refusal,
  text,
  texts,
  TRUSTED,
  unless,
} from './grant.slice.ts';

/**
 * Annotations by which kubelet, runtime, network, autoscaler and agents give a pod what its spec could not ask for. Everybody notes
 * something on pods, and so do the webhooks of the cluster: here, a list of what is harmless would refuse most of them.
 */
const POWERS = [
  'kubernetes.io/config.',
  'cni.cncf.io/',
  'multus-cni.io/',
  'cni.projectcalico.org/',
  'ovn.kubernetes.io/',
  'ovn.org/',
  'antrea.io/',
  'cilium.io/',
  'vpc.amazonaws.com/',
  'io.kubernetes.cri-o.',
  'crio.io',
  'org.systemd.property.',
  'katacontainers.',
  'cdi.k8s.io/',
  'iam.amazonaws.com/',
  'datadoghq.com/',
  'external-dns.alpha.kubernetes.io/',
  'tailscale.com/',
  'cluster-autoscaler.kubernetes.io/safe-to-evict',
  'descheduler.alpha.kubernetes.io/prefer-no-eviction',
  'karpenter.sh/do-not-disrupt',
];
const isPower = (key: string): string => `${texts(POWERS)}.exists(power, ${key}.contains(power))`;

const keysOf = (kind: 'limits' | 'requests'): string => `c.?resources[?${text(kind)}].orValue({})`;
const unlent = (kind: 'limits' | 'requests'): string => `${keysOf(kind)}.filter(r, !(r in variables.lent))`;
const unlentOnce = `${unlent('limits')} + ${keysOf('requests')}.filter(r, !(r in variables.lent) && !(r in ${keysOf('limits')}))`;

/** What kubelets and runtimes do not limit where the limit is 0. The API server writes every nothing as "0". */
const BOUNDED = ['cpu', 'memory', 'ephemeral-storage'];
const boundless = `${texts(BOUNDED)}.filter(r, c.?resources[?"limits"][?r].orValue("") == "0")`;

/** How long Kubernetes by itself leaves a pod on a node that is lost. */
const LONGEST_WAIT_S = 300;
const onLostNodes = `t.?key.orValue("") in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] && t.?effect.orValue("") == "NoExecute" && t.?tolerationSeconds.orValue(-1) >= 0 && t.?tolerationSeconds.orValue(-1) <= ${LONGEST_WAIT_S}`;
/** What the controller of DaemonSets adds. */
const DAEMON_TAINTS = ['not-ready', 'unreachable', 'disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map(
  (taint) => `node.kubernetes.io/${taint}`,
);
const isDaemon = `request.operation == "CREATE" && (${TRUSTED}) && object.metadata.?ownerReferences.orValue([]).exists(o, o.kind == "DaemonSet" && o.?controller.orValue(false))`;

/** An address in a probe or hook is called by the kubelet, from the network of the node. */
const callsOut = ['.?livenessProbe', '.?readinessProbe', '.?startupProbe', '.?lifecycle.?postStart', '.?lifecycle.?preStop']
  .flatMap((hook) => ['httpGet', 'tcpSocket'].map((action) => `c${hook}.?${action}.?host.orValue("") != ""`))
  .join(' || ');

/**
 * A kubelet hears of nothing while a container starts: as long as its hook runs, the pod can't be ended, and goes on uncounted when
 * its time to end is over. It sleeps no longer than that by itself.
 */
const startsSlowly = 'c.?lifecycle.?postStart.hasValue() && !c.?lifecycle.?postStart.?sleep.hasValue()';

/** A probe that fails gives a container its own time to end, which nobody can cut short. */
const endsSlowly = ['livenessProbe', 'startupProbe']
  .map((probe) => `c.?${probe}.?terminationGracePeriodSeconds.orValue(1) > ${LONGEST_GRACE_S}`)
  .join(' || ');

/**
 * The memory of a node into which kubelets write Secrets, tokens and what a pod is told of itself belongs to no pod: each file may
 * have 1 MiB, and one Secret may be written under any number of names.
 */
const MOST_WRITTEN = 64;
const filesOf = (volume: string): string => `size(${volume}.?items.orValue([]))`;
const written = ['secret', 'downwardAPI'].map((kind) => `(v.?${kind}.hasValue() ? 1 + ${filesOf(`v.?${kind}`)} : 0)`).join(' + ');
const projected = `v.?projected.?sources.orValue([]).map(s, 1 + ${['secret', 'configMap', 'downwardAPI'].map((kind) => filesOf(`s.?${kind}`)).join(' + ')}).sum()`;

/**
 * A kubelet puts values together in its own memory, which no limit of a pod holds for: of variables that are made of each other, forty
 * lines make terabytes. What ConfigMaps and Secrets give, up to 1 MiB each, it copies for every mention. It looks for names between
 * `$(` and `)`, which may be of any letters: only with the usual ones can be told what is a name.
 */
const MOST_REFERENCES = 20;
/** As many may refer to what refers to others: three times three copies at most. */
const MOST_WOVEN = 6;
const MOST_GIVEN = 100;
const USUAL_NAME = '^[-._a-zA-Z0-9]*$';
/** Two dollars stand for one that begins no reference. */
const literal = (value: string): string => `${value}.replace("$$", "")`;
const references = (list: string): string => `${list}.map(s, size(${literal('s')}.findAll("[$][(][-._a-zA-Z0-9]+[)]"))).sum()`;
const paths = 'c.?volumeMounts.orValue([]).filter(m, has(m.subPathExpr)).map(m, m.subPathExpr)';
const spoken = ['args', 'command', ...['liveness', 'readiness', 'startup'].map((probe) => `${probe}Probe.?exec.?command`)]
  .map((list) => `c.?${list}.orValue([])`)
  .join(' + ');
const made = `c.?env.orValue([]).filter(e, ${literal('e.?value.orValue("")')}.contains("$("))`;
/** Of each container once: looking at all values costs most of what an expression may. */
const assembled = `variables.judged.map(c, {"name": dyn(c.name), "made": dyn(${made}), "spoken": dyn(${references(`(${spoken} + ${paths})`)})}).map(c, {"name": c.name, "made": c.made, "spoken": c.spoken, "woven": dyn(${references('c.made.map(e, e.value)')})})`;
const fromEachOther = `c.made.exists(a, c.made.exists(b, ${literal('b.value')}.contains("$(" + a.name + ")")))`;
const oddlyNamed = `c.?env.orValue([]).exists(e, !e.name.matches(${text(USUAL_NAME)})) || c.?envFrom.orValue([]).exists(e, !e.?prefix.orValue("").matches(${text(USUAL_NAME)}))`;
const given = 'size(c.?envFrom.orValue([])) + size(c.?env.orValue([]).filter(e, has(e.valueFrom)))';
/** A kubelet repeats a path that it can't use in the status of the pod: whole, and for each container. */
const isShort =
  'size(e.?value.orValue("")) <= 256 && !e.?value.orValue("").contains("$(") && (!has(e.valueFrom) || (has(e.valueFrom.fieldRef) && !e.valueFrom.fieldRef.fieldPath.contains("[")))';
const strayPath = `${paths}.exists(p, p.findAll("[$][(][^)]*[)]").exists(r, !c.?env.orValue([]).exists(e, r == "$(" + e.name + ")") || c.?env.orValue([]).exists(e, r == "$(" + e.name + ")" && !(${isShort}))))`;
/** It repeats the name of an image several times. */
const LONGEST_IMAGE = 1024;

/** Each is a mount of the node itself, which has room for 100,000. */
const MOST_MOUNTS = 64;
const mounted =
  'variables.containers.map(c, size(c.?volumeMounts.orValue([]).filter(m, m.?subPath.orValue("") + m.?subPathExpr.orValue("") != ""))).sum()';
const inMemory = 'size(variables.volumes.filter(v, v.?emptyDir.?medium.orValue("") != ""))';

/** All terms of one kind of affinity between pods. */
const terms = (kind: 'podAffinity' | 'podAntiAffinity'): string =>
  `object.spec.?affinity.?${kind}.?requiredDuringSchedulingIgnoredDuringExecution.orValue([]) + object.spec.?affinity.?${kind}.?preferredDuringSchedulingIgnoredDuringExecution.orValue([]).map(p, p.podAffinityTerm)`;

const namedIn = (field: string, annotation: string): string => `object.spec.?${field}.orValue("") in [""] + ${listed(annotation)}`;

/** What a pod may not ask for, beyond what Pod Security refuses; also pods that controllers make from a guest's templates. */
export const podPolicies: readonly AdmissionPolicy[] = [
  refusal({
    name: 'keystone-slice-pods',
    description: 'Refuses pods that ask for what the Grant does not lend or for power over nodes, scheduling and identities.',
    match: [match('', ['pods', 'pods/ephemeralcontainers', 'pods/resize'])],
    namespaces: IN_SLICES,
    when: FOR_GUESTS,
    variables: {
      before: BEFORE,
      lent: listed(ALLOWED_RESOURCES),
      containers:
        'dyn(object.spec.containers) + dyn(object.spec.?initContainers.orValue([])) + dyn(object.spec.?ephemeralContainers.orValue([]))',
      askers:
        'variables.containers + (has(object.spec.resources) ? [{"name": dyn("(all)"), "resources": dyn(object.spec.resources)}] : [])',
      volumes: 'dyn(object.spec.?volumes.orValue([]))',
      // What can't change any more is judged once.
      isNew: 'request.operation == "CREATE"',
      modest: isModest('dyn(object.spec)', 'variables.containers', IN_POD),
      judged: 'variables.isNew && variables.modest ? variables.containers : []',
      assembled,
      daemonTaints: `${isDaemon} ? ${texts(DAEMON_TAINTS)} : []`,
      annotations: few('object.metadata.?annotations'),
      annotationsBefore: few('variables.before.?metadata.?annotations'),
    },
    faults: {
      asking: `variables.askers.map(c, {"name": dyn(c.name), "unlent": dyn(${unlentOnce})}).filter(c, size(c.unlent) > 0).map(c, "container " + c.name + " asks for " + c.unlent.join(", ") + ": this Grant lends " + (size(variables.lent) == 0 ? "nothing" : variables.lent.join(", ") + " only"))`,
      unbounded: `request.operation != "CREATE" && request.?subResource.orValue("") != "resize" ? [] : variables.askers.map(c, {"name": dyn(c.name), "boundless": dyn(${boundless})}).filter(c, size(c.boundless) > 0).map(c, "container " + c.name + " has a limit of 0 for " + c.boundless.join(", ") + ", which a node takes for no limit: name one, or leave it out to get the usual one")`,
      claiming: unless(
        `object.spec.?resourceClaims.orValue([]).size() == 0 || variables.lent.exists(r, r.endsWith(${text(DEVICE_CLASS_SUFFIX)}))`,
        text('spec.resourceClaims ask for devices: this Grant lends none'),
      ),
      attaching: unless(
        'object.spec.?ephemeralContainers.orValue([]).size() == 0',
        text('ephemeral containers are not counted by the quota: run a pod of your own instead'),
      ),
      placing: unless(
        'request.operation != "CREATE" || object.spec.?nodeName.orValue("") == ""',
        text('spec.nodeName goes around the scheduler: use spec.nodeSelector, or leave it out'),
      ),
      // The scheduler keeps the pods of others away from where a pod is that wants none of them near.
      crowding: unless(
        `(${terms('podAffinity')} + ${terms('podAntiAffinity')}).all(t, !has(t.namespaceSelector) && t.?namespaces.orValue([]).all(n, n == request.namespace))`,
        text('spec.affinity would have a say where pods of other namespaces run: leave namespaces and namespaceSelector out'),
      ),
      preferring: unless(
        `request.operation != "CREATE" || ${namedIn('priorityClassName', ALLOWED_PRIORITY_CLASSES)}`,
        '"this Grant does not lend the priority class " + object.spec.priorityClassName + ": leave spec.priorityClassName out"',
      ),
      escaping: unless(
        'object.spec.?os.?name.orValue("linux") == "linux"',
        text('spec.os other than linux has Pod Security ask for less: leave it out'),
      ),
      running: unless(
        namedIn('runtimeClassName', ALLOWED_RUNTIME_CLASSES),
        '"this Grant does not lend the runtime class " + object.spec.runtimeClassName + ": leave spec.runtimeClassName out"',
      ),
      tolerating: unless(
        `object.spec.?tolerations.orValue([]).all(t, t.?key.orValue("") in variables.lent + variables.daemonTaints || (${onLostNodes}) || t in variables.before.?spec.?tolerations.orValue([]))`,
        text(
          `spec.tolerations may name lent resources, and with effect NoExecute and tolerationSeconds of at most ${LONGEST_WAIT_S} node.kubernetes.io/not-ready and unreachable: leave the others out`,
        ),
      ),
      lingering: unless(
        `object.spec.?terminationGracePeriodSeconds.orValue(30) >= 1 && object.spec.?terminationGracePeriodSeconds.orValue(30) <= ${LONGEST_GRACE_S}`,
        text(`spec.terminationGracePeriodSeconds is from 1 to ${LONGEST_GRACE_S}: change it`),
      ),
      outstaying: `variables.containers.filter(c, ${endsSlowly}).map(c, "a probe of container " + c.name + " gives it more than ${LONGEST_GRACE_S} s to end: lower its terminationGracePeriodSeconds")`,
      starting: `variables.containers.filter(c, ${startsSlowly}).map(c, "container " + c.name + " can't be ended while its postStart runs: use an init container, or its own command")`,
      calling: `variables.containers.filter(c, ${callsOut}).map(c, "a probe or hook of container " + c.name + " names a host, which the node would call: leave host out")`,
      impersonating: unless(
        'variables.volumes.all(v, v.?projected.?sources.orValue([]).all(s, s.?serviceAccountToken.?audience.orValue("") == "" && !has(s.podCertificate)))',
        text('a projected token or certificate would speak for this cluster elsewhere: leave audience and podCertificate out'),
      ),
      mounting: unless(
        'variables.volumes.all(v, !has(v.csi))',
        text('inline csi volumes are not counted by the quota: use a PersistentVolumeClaim'),
      ),
      depicting: `variables.containers.filter(c, size(c.?image.orValue("")) > ${LONGEST_IMAGE}).map(c, "the image of container " + c.name + " has a name of more than ${LONGEST_IMAGE} letters: shorten it")`,
      // In this order: what follows may look at all entries of what is modest.
      swelling: unless(`!variables.isNew || variables.modest`, text(`a pod has ${MODESTY}`)),
      naming: `variables.judged.filter(c, ${oddlyNamed}).map(c, "variables of container " + c.name + " have names that are not made of letters, digits, dots, dashes and underscores: rename them")`,
      referring: `variables.assembled.filter(c, c.spoken + c.woven > ${MOST_REFERENCES}).map(c, "container " + c.name + " has more than ${MOST_REFERENCES} references like $(NAME), which the node puts together in its own memory: let the program read its environment, and put a script into a ConfigMap")`,
      compounding: `variables.assembled.filter(c, c.woven > ${MOST_WOVEN} && c.spoken + c.woven <= ${MOST_REFERENCES} && ${fromEachOther}).map(c, "a variable of container " + c.name + " refers to one that refers to others, which the node puts together in its own memory: refer to plain ones only, or have at most ${MOST_WOVEN} references in all variables")`,
      copying: `variables.judged.filter(c, ${given} > ${MOST_GIVEN}).map(c, "container " + c.name + " takes more than ${MOST_GIVEN} variables from ConfigMaps and Secrets one by one: take all of one with envFrom, or mount it")`,
      reading: `variables.judged.filter(c, c.?env.orValue([]).exists(e, e.?valueFrom.?fileKeyRef.hasValue())).map(c, "a variable of container " + c.name + " comes from a file of any length, which the node reads into its own memory: let the program read the file")`,
      straying: `variables.judged.filter(c, ${strayPath}).map(c, "a subPathExpr of container " + c.name + " refers to more than short variables and fields of the pod, such as metadata.name: refer to those only")`,
      covering: unless(
        `!variables.isNew || !variables.modest || ${mounted} + ${inMemory} <= ${MOST_MOUNTS}`,
        text(`subPath and volumes in memory are mounts of the node itself: there are at most ${MOST_MOUNTS} of them`),
      ),
      writing: unless(
        `variables.volumes.map(v, ${written} + ${projected}).sum() <= ${MOST_WRITTEN}`,
        text(
          `what volumes of Secrets, the downward API and projected ones hold is in memory of the node that nobody counts: there are at most ${MOST_WRITTEN} of them, their sources and their items together`,
        ),
      ),
      empowering: unless(
        `!(${changes('variables.annotations', 'variables.annotationsBefore', isPower)})`,
        `"annotations for kubelet, runtime, network, autoscaler or agents give a pod more than its spec: leave out those with " + ${texts(POWERS)}.filter(power, variables.annotations.exists(k, k.contains(power))).join(", ")`,
      ),
    },
    message: 'this pod asks for more than its Grant lends',
  }),
  refusal({
    name: 'keystone-slice-devices',
    description: 'Refuses claims on devices of a class that the Grant does not lend.',
    match: [match('resource.k8s.io', ['resourceclaims', 'resourceclaimtemplates'])],
    namespaces: IN_SLICES,
    when: FOR_GUESTS,
    variables: {
      lent: listed(ALLOWED_RESOURCES),
      spec: 'request.resource.resource == "resourceclaims" ? dyn(object.spec) : dyn(object.spec).?spec.orValue({})',
      given: 'variables.spec.?devices.?requests.orValue([])',
      // Where nothing is asked for, the API server says null.
      asked: 'variables.given == null ? [] : variables.given',
      // A class stands directly in the request (v1beta1), in exactly, or in each of several alternatives.
      requests: 'variables.asked + variables.asked.filter(r, has(r.exactly)).map(r, r.exactly)',
      alternatives: 'variables.asked.map(r, r.?firstAvailable.orValue([]))',
    },
    faults: {
      empty: unless(
        'size(variables.asked) > 0',
        text('a claim without devices lends nothing: name one in spec.devices.requests, or leave the claim out'),
      ),
      unlent: `variables.requests.filter(r, has(r.deviceClassName) && !(r.deviceClassName + ${text(DEVICE_CLASS_SUFFIX)} in variables.lent)).map(r, "this Grant lends no device of class " + r.deviceClassName + ": ask for another or none")`,
      unlentEither: unless(
        `variables.alternatives.all(list, list.all(r, r.deviceClassName + ${text(DEVICE_CLASS_SUFFIX)} in variables.lent))`,
        text('firstAvailable names a class of which this Grant lends no device: leave it out'),
      ),
    },
    message: 'this claim asks for devices that its Grant does not lend',
  }),
];
