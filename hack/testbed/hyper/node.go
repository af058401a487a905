package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	// What is printed when a node takes Pods and enforces what policies say of them.
	nodeReadyLine = "node ready"
	dnsAddress    = "10.96.0.10"
	// Gone with every restart, as /run is.
	readyMark = "/run/realm-ready"
)

// A node of a realm as all of its nodes are told of it.
type member struct {
	name, address string
	podRange      string // the addresses of its Pods
}

// members is a flag: NAME=ADDRESS=POD-RANGE, the control plane first.
type members []member

func (m *members) String() string { return fmt.Sprint(*m) }
func (m *members) Set(value string) error {
	parts := strings.Split(value, "=")
	if len(parts) != 3 {
		return fmt.Errorf("%q is not NAME=ADDRESS=POD-RANGE", value)
	}
	*m = append(*m, member{parts[0], parts[1], parts[2]})
	return nil
}

// nodeSettings say which node this is, and of what realm.
type nodeSettings struct {
	settings
	name         string
	all          members
	clusterRange string
	gateway      string
	bundle       string // folder of what comes along
}

func (s nodeSettings) self() member {
	for _, one := range s.all {
		if one.name == s.name {
			return one
		}
	}
	return member{}
}
func (s nodeSettings) leads() bool             { return s.all[0].name == s.name }
func (s nodeSettings) server() string          { return "https://" + s.all[0].address + ":6443" }
func (s nodeSettings) folder(of member) string { return filepath.Join(s.work, "nodes", of.name) }
func (s nodeSettings) own(file string) string  { return filepath.Join(s.folder(s.self()), file) }

// runNode is a node of a realm: containerd, kubelet, kube-proxy and what enforces network policies; the first one also runs
// the control plane. It works in a container that may do what a node must, see docs/testbed.md.
func runNode(args []string) error {
	s := nodeSettings{settings: settings{data: "/var/lib/realm", kubelets: true}}
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	flags.StringVar(&s.work, "work", "/work", "folder that the nodes of a realm share with the host")
	flags.StringVar(&s.name, "name", "", "the name of this node")
	flags.Var(&s.all, "member", "a node as NAME=ADDRESS=POD-RANGE, the control plane first; repeated")
	flags.StringVar(&s.clusterRange, "cluster-range", "", "the addresses of all Pods of the realm")
	flags.StringVar(&s.gateway, "gateway", "", "where packets go that nobody else takes")
	flags.StringVar(&s.bundle, "bundle", "/bundle", "folder with images/*.tar for containerd and manifests/*/, applied in order")
	flags.Var(&s.apiServerExtra, "apiserver-arg", "one more flag for kube-apiserver, may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if len(s.all) == 0 || s.self().name == "" {
		return fmt.Errorf("%q is none of the members %v", s.name, s.all)
	}
	s.address = s.all[0].address
	logs := filepath.Join(s.folder(s.self()), "logs")
	for _, folder := range []string{logs, s.data} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	return supervise("node", logs, nodeReadyLine, func(programs *fleet) error { return bootNode(s, logs, programs) })
}

// bootNode does side by side what does not wait for each other: the control plane takes longest.
func bootNode(s nodeSettings, logs string, programs *fleet) error {
	begun := time.Now()
	if err := prepareMachine(s); err != nil {
		return err
	}
	programs.start(external("containerd", logs, "containerd", "--config", containerdConfig))
	images := make(chan error, 1)
	go func() { images <- importImages(filepath.Join(s.bundle, "images")) }()
	if s.leads() {
		if err := lead(s, logs, programs); err != nil {
			return err
		}
	}
	if err := waitUntil("what the control plane issues for this node", bootDeadline, func() error {
		_, err := os.Stat(s.own(issuedMark))
		return err
	}); err != nil {
		return err
	}
	programs.start(hyperProgram(kubelet, logs, kubeletArgs(s)))
	programs.start(hyperProgram(kubeProxy, logs, []string{"--config=" + kubeProxyConfig}))
	programs.start(hyperProgram(csiFolders, logs, []string{"--node=" + s.name}))
	if s.leads() {
		if err := applyManifests(s); err != nil {
			return err
		}
		startStorage(s, logs, programs)
		programs.start(external("registry", logs, "registry", "serve", registryConfig))
	}
	if err := waitUntil("a Ready node", bootDeadline, func() error { return readySince(s, begun) }); err != nil {
		return err
	}
	log.Print("node registered and Ready")
	// It ends at once where its Node does not exist yet, and then a node looks healthy and enforces nothing.
	programs.start(external("kube-router", logs, "kube-router", kubeRouterArgs(s)...))
	if err := waitUntil("the chains of kube-router", bootDeadline, func() error {
		return command("iptables", "-S", "KUBE-ROUTER-FORWARD")
	}); err != nil {
		return err
	}
	if err := <-images; err != nil {
		return err
	}
	return os.WriteFile(readyMark, nil, 0o644)
}

// lead brings the control plane up and issues what every node needs.
func lead(s nodeSettings, logs string, programs *fleet) error {
	keys, err := boot(s.settings, logs, programs)
	if err != nil {
		return err
	}
	conf := filepath.Join(s.data, kubeScheduler+".conf")
	if err := keys.kubeconfig(conf, secureURL, keys.issue(kubeScheduler, &keys.ca, client("system:"+kubeScheduler))); err != nil {
		return err
	}
	programs.start(hyperProgram(kubeScheduler, logs, []string{
		"--kubeconfig=" + conf, "--authentication-kubeconfig=" + conf, "--authorization-kubeconfig=" + conf,
		"--bind-address=127.0.0.1", "--leader-elect=false",
	}))
	for _, one := range s.all {
		if err := issueForNode(s, keys, one); err != nil {
			return fmt.Errorf("issuing for %s: %w", one.name, err)
		}
	}
	log.Printf("control plane ready, %d nodes may join", len(s.all))
	return nil
}

// applyManifests goes on when the API server serves a kind that the folder before brought.
func applyManifests(s nodeSettings) error {
	folders, err := filepath.Glob(filepath.Join(s.bundle, "manifests", "*"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := waitUntil("what is in "+folder, bootDeadline, func() error {
			return kubectlRun(s, "apply", "--server-side", "--filename", folder)
		}); err != nil {
			return err
		}
	}
	log.Print("manifests applied")
	return nil
}

// startStorage makes volumes of claims and snapshots of volumes, with Kubernetes' own sidecars beside our driver.
func startStorage(s nodeSettings, logs string, programs *fleet) {
	conf, driver := "--kubeconfig="+s.own("admin.conf"), "--csi-address="+csiSocket
	programs.start(external("csi-provisioner", logs, "csi-provisioner", conf, driver, "--extra-create-metadata"))
	programs.start(external("csi-snapshotter", logs, "csi-snapshotter", conf, driver))
	programs.start(external("snapshot-controller", logs, "snapshot-controller", conf))
}

// readySince asks whether this node's kubelet has called it Ready since a moment. One that was Ready before its power was cut
// is so to the API server until somebody misses it, and the Pods that it had seem to run.
func readySince(s nodeSettings, moment time.Time) error {
	said, err := kubectl(s, "get", "node", s.name, "--output",
		`jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.lastHeartbeatTime}{end}`)
	if err != nil {
		return err
	}
	status, heartbeat, _ := strings.Cut(said, " ")
	at, err := time.Parse(time.RFC3339, heartbeat)
	if err != nil {
		return fmt.Errorf("the node is %q", said)
	}
	// Heartbeats are told in whole seconds.
	if status != "True" || at.Before(moment.Truncate(time.Second)) {
		return fmt.Errorf("the node is Ready=%s, as of %s", status, heartbeat)
	}
	return nil
}

func kubectlRun(s nodeSettings, args ...string) error {
	_, err := kubectl(s, args...)
	return err
}

// kubectl runs the kubectl beside hyper as this node's administrator, and returns what it says.
func kubectl(s nodeSettings, args ...string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	started := time.Now()
	said, err := answer(filepath.Join(filepath.Dir(self), "kubectl"), append([]string{"--kubeconfig", s.own("admin.conf")}, args...)...)
	if err != nil {
		return "", fmt.Errorf("kubectl %s after %s: %w", args[0], time.Since(started).Round(time.Millisecond), err)
	}
	return said, nil
}
