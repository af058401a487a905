package main

import (
	"net"
	"path/filepath"
)

// What the audit log keeps: every write of everybody but Kubernetes' own components, all that the operator asks for, so that a
// right that it never uses shows, and GET /version, which tests use as a barrier. A request's line is in the file before its answer is complete, so what is before a barrier is all there was.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager"]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
- level: Metadata
  verbs: [create, update, patch, delete, deletecollection]
- level: Metadata
  users: ["system:serviceaccount:keystone-system:keystone-operator"]
- level: Metadata
  verbs: [get]
  nonResourceURLs: ["/version"]
- level: None
`

func auditPolicyFile(s settings) string { return filepath.Join(s.data, "audit-policy.yaml") }

func etcdArgs(s settings) []string {
	return []string{
		"--name=etcd", "--data-dir=" + filepath.Join(s.data, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
		"--listen-peer-urls=http://127.0.0.1:2380", "--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=etcd=http://127.0.0.1:2380",
	}
}

func apiServerArgs(s settings, keys pki, address net.IP) []string {
	if s.kubelets {
		// Where nodes are real, each may touch what runs on it and nothing else.
		s.apiServerExtra = append([]string{"--enable-admission-plugins=NodeRestriction"}, s.apiServerExtra...)
	}
	return append([]string{
		"--etcd-servers=" + etcdURL, "--secure-port=6443", "--bind-address=0.0.0.0", "--advertise-address=" + address.String(),
		"--service-cluster-ip-range=" + serviceRange, "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--profiling=false",
		"--client-ca-file=" + keys.ca.certFile,
		"--tls-cert-file=" + keys.server.certFile, "--tls-private-key-file=" + keys.server.keyFile,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + keys.serviceAccountPublic, "--service-account-signing-key-file=" + keys.serviceAccountPrivate,
		"--requestheader-client-ca-file=" + keys.frontProxyCA.certFile, "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--kubelet-certificate-authority=" + keys.ca.certFile, "--kubelet-preferred-address-types=InternalIP",
		"--kubelet-client-certificate=" + keys.kubeletClient.certFile, "--kubelet-client-key=" + keys.kubeletClient.keyFile,
		"--proxy-client-cert-file=" + keys.frontProxy.certFile, "--proxy-client-key-file=" + keys.frontProxy.keyFile,
		"--enable-aggregator-routing=true",
		// Tests delete namespaces and read their own log: it must not be rotated away under them.
		"--audit-policy-file=" + auditPolicyFile(s), "--audit-log-path=" + filepath.Join(s.work, "audit.log"), "--audit-log-maxsize=" + auditMegabytes(s), "--audit-log-maxbackup=1",
	}, s.apiServerExtra...)
}

// auditMegabytes is more than a run of tests writes; a realm may be kept for weeks.
func auditMegabytes(s settings) string {
	if s.kubelets {
		return "256"
	}
	return "4096"
}

// controllerManagerArgs leave nodes alone where there are no kubelets: a Node that a test writes has no heartbeat, and would be taken for dead.
func controllerManagerArgs(s settings, kubeconfig string, keys pki) []string {
	nodes := "--controllers=*,-node-lifecycle-controller"
	if s.kubelets {
		// A node that is away shall be missed while a test waits.
		nodes = "--node-monitor-grace-period=20s"
	}
	return []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--use-service-account-credentials", "--service-account-private-key-file=" + keys.serviceAccountPrivate,
		"--root-ca-file=" + keys.ca.certFile, "--cluster-signing-cert-file=" + keys.ca.certFile, "--cluster-signing-key-file=" + keys.ca.keyFile,
		"--bind-address=127.0.0.1", "--leader-elect=false", "--service-cluster-ip-range=" + serviceRange,
		// With the default limit the first ServiceAccount takes 8 s: dozens of controllers share one small budget at start.
		"--kube-api-qps=300", "--kube-api-burst=600", "--pvclaimbinder-sync-period=2s", nodes,
	}
}
