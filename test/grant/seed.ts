import { parse } from 'yaml';

/** Seed 001's example, to the letter: namespace, status and comments included. */
export const SEED = `apiVersion: keystone.io/v1alpha1
kind: Grant
metadata:
  name: alice-to-bob-compute
  namespace: keystone-system
spec:
  grantorRealm: alice-home
  granteeRealm: bob-home
  hard:
    requests.cpu: "2"
    requests.memory: "4Gi"
    limits.cpu: "4"
    limits.memory: "8Gi"
    requests.storage: "100Gi"
    requests.nvidia.com/gpu: 1
  networkPolicy:
    egressAllowed: false
    allowedDestinations: []  # Only if egressAllowed: true
  validity:
    validFrom: "2025-01-01T00:00:00Z"
    validUntil: "2026-01-01T00:00:00Z"  # Optional
status:
  phase: Active  # Pending | Active | Revoked | Expired
  used:
    requests.cpu: "1"
    requests.memory: "2Gi"
    limits.cpu: "2"
    limits.memory: "4Gi"
    requests.storage: "25Gi"
`;

/** What the example asks for. */
export const seedSpec = (): Readonly<Record<string, unknown>> => (parse(SEED) as { spec: Record<string, unknown> }).spec;
