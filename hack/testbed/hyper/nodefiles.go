package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"crypto/x509"
	"crypto/x509/pkix"
)

const (
	containerdConfig = "/etc/realm/containerd.toml"
	kubeletConfig    = "/etc/realm/kubelet.yaml"
	kubeProxyConfig  = "/etc/realm/kube-proxy.yaml"
	registryConfig   = "/etc/realm/registry.yaml"
	cniConfig        = "/etc/cni/net.d/10-realm.conflist"
	registryHosts    = "/etc/realm/registries/" + registryName + "/hosts.toml"
	emptyResolver    = "/etc/realm/resolv.conf"
	// The interface that all Pods of a node hang on.
	podBridge = "cni0"
	// Under this name every node of a realm pulls from the realm's own registry.
	registryName = "registry.realm"
	// Written last, so that a node which finds it finds everything.
	issuedMark = "issued"
)

// issueForNode lays down what a node needs to take part: its own two certificates, and who may do what on it.
func issueForNode(s nodeSettings, keys pki, one member) error {
	folder := s.folder(one)
	serving := keys.issue("kubelet-serving-"+one.name, &keys.ca, x509.Certificate{
		Subject:     pkix.Name{CommonName: "system:node:" + one.name, Organization: []string{"system:nodes"}},
		DNSNames:    []string{one.name},
		IPAddresses: []net.IP{net.ParseIP(one.address), net.ParseIP("127.0.0.1")},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	users := map[string]identity{
		"admin.conf":      keys.admin,
		"kubelet.conf":    keys.issue("kubelet-"+one.name, &keys.ca, client("system:node:"+one.name, "system:nodes")),
		"kube-proxy.conf": keys.issue("kube-proxy", &keys.ca, client("system:kube-proxy")),
	}
	for file, user := range users {
		if err := keys.kubeconfig(filepath.Join(folder, file), s.server(), user); err != nil {
			return err
		}
	}
	for file, content := range map[string][]byte{"ca.crt": keys.ca.certPEM, "kubelet.crt": serving.certPEM, "kubelet.key": serving.keyPEM} {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, issuedMark), nil, 0o644)
}

// writeNodeFiles configures what runs on the node.
func writeNodeFiles(s nodeSettings) error {
	bridge, err := json.Marshal(bridgeConfig(s))
	if err != nil {
		return err
	}
	files := map[string]string{
		containerdConfig: containerdFile,
		kubeletConfig:    fmt.Sprintf(kubeletFile, s.own("ca.crt"), s.own("kubelet.crt"), s.own("kubelet.key"), dnsAddress, emptyResolver),
		kubeProxyConfig:  fmt.Sprintf(kubeProxyFile, s.own("kube-proxy.conf"), s.clusterRange, s.name),
		registryConfig:   registryFile,
		registryHosts:    fmt.Sprintf("server = \"http://%[1]s:5000\"\n[host.\"http://%[1]s:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n", s.all[0].address),
		emptyResolver:    "",
		cniConfig:        string(bridge),
	}
	for path, content := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Masquerading is not the bridge's: it would hide which Pod of another node speaks, and policies would not know it.
func bridgeConfig(s nodeSettings) map[string]any {
	type object = map[string]any
	plugins := []object{
		{
			"type": "bridge", "bridge": podBridge, "isGateway": true, "ipMasq": false, "hairpinMode": true, "mtu": 1400,
			"ipam": object{
				"type": "host-local", "ranges": [][]object{{{"subnet": s.self().podRange}}},
				"routes": []object{{"dst": "0.0.0.0/0"}},
			},
		},
		{"type": "portmap", "capabilities": object{"portMappings": true}},
	}
	// The kernel gives every Pod an address of the sixth version, too, at which neighbours reach it past all policies.
	if _, err := os.Stat("/proc/sys/net/ipv6"); err == nil {
		plugins = append(plugins, object{"type": "tuning", "sysctl": object{"net.ipv6.conf.eth0.disable_ipv6": "1"}})
	}
	return object{"cniVersion": "0.4.0", "name": "realm", "plugins": plugins}
}

// Scores of out-of-memory can't be lowered without a right that some machines do not have themselves.
const containerdFile = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "realm.test/pause:1"
  tolerate_missing_hugetlb_controller = true
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/realm/registries"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`

// The disk is the machine's, which others fill: neither Pods are evicted for it nor images removed.
const kubeletFile = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %s}}
authorization: {mode: Webhook}
tlsCertFile: %s
tlsPrivateKeyFile: %s
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
oomScoreAdj: 0
clusterDNS: ["%s"]
clusterDomain: cluster.local
resolvConf: %s
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 100Mi, nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%"}
nodeStatusUpdateFrequency: 5s
nodeLeaseDurationSeconds: 20
syncFrequency: 10s
`

const kubeProxyFile = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: %s}
clusterCIDR: %s
hostnameOverride: %s
mode: iptables
oomScoreAdj: 0
conntrack: {maxPerCore: 0, min: 0}
iptables: {syncPeriod: 30s, minSyncPeriod: 0s}
`

const registryFile = `version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: /var/lib/registry}
  delete: {enabled: true}
http: {addr: ":5000"}
`

func kubeletArgs(s nodeSettings) []string {
	return []string{
		"--config=" + kubeletConfig, "--kubeconfig=" + s.own("kubelet.conf"),
		"--hostname-override=" + s.name, "--node-ip=" + s.self().address,
	}
}

func kubeRouterArgs(s nodeSettings) []string {
	return []string{
		"--kubeconfig=" + s.own("admin.conf"), "--hostname-override=" + s.name, "--service-cluster-ip-range=" + serviceRange,
		"--run-firewall=true", "--run-router=false", "--run-service-proxy=false", "--run-loadbalancer=false", "--enable-cni=false",
		"--metrics-port=0",
	}
}
