const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };

/** A pod that the strictest profile allows. */
export const decentPod = (name: string, resources: object) => ({
  metadata: { name },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{ name: 'c', image: 'example.invalid/x', resources, securityContext }],
  },
});
