package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	secureURL = "https://127.0.0.1:6443"
	// What testbed users wait for: it is printed when the control plane serves and a pod could be created in `default`.
	readyLine    = "control plane ready"
	bootDeadline = 90 * time.Second
)

type extraArgs []string

func (e *extraArgs) String() string         { return strings.Join(*e, " ") }
func (e *extraArgs) Set(value string) error { *e = append(*e, value); return nil }

// settings say where a control plane keeps what, and what a test wants different.
type settings struct {
	work, data     string
	apiServerExtra extraArgs
	kubelets       bool   // whether nodes are real
	address        string // where the API server is reached; unset, at any address of this machine
}

// runControlPlane is the first process of a container: it starts etcd, the API server and the controller manager, keeps
// them running, and stops them in the order that loses nothing.
func runControlPlane(args []string) error {
	var s settings
	flags := flag.NewFlagSet("control-plane", flag.ContinueOnError)
	flags.StringVar(&s.work, "work", "/work", "folder shared with the host: admin.conf, audit.log, logs/")
	flags.StringVar(&s.data, "data", "/data", "folder of etcd and of the keys")
	flags.Var(&s.apiServerExtra, "apiserver-arg", "one more flag for kube-apiserver, may be repeated")
	if err := flags.Parse(args); err != nil {
		return err
	}
	logs := filepath.Join(s.work, "logs")
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return err
	}
	return supervise("control-plane", logs, readyLine, func(programs *fleet) error {
		_, err := boot(s, logs, programs)
		return err
	})
}

// boot brings the programs up one after the other, each as soon as what it needs is there.
func boot(s settings, logs string, programs *fleet) (pki, error) {
	programs.start(hyperProgram(etcd, logs, etcdArgs(s)))
	addresses, err := ownAddresses()
	if err != nil {
		return pki{}, err
	}
	if s.address != "" {
		// A node may have legs in more networks by now, which its certificate does not name.
		addresses = []net.IP{net.ParseIP(s.address)}
	}
	keys, err := newPKI(filepath.Join(s.data, "pki"), addresses)
	if err != nil {
		return pki{}, err
	}
	if err := os.WriteFile(auditPolicyFile(s), []byte(auditPolicy), 0o644); err != nil {
		return pki{}, err
	}
	programs.start(hyperProgram(kubeAPIServer, logs, apiServerArgs(s, keys, addresses[0])))
	get := adminGetter(keys)
	if err := waitUntil("a ready API server", bootDeadline, func() error { return get("/readyz") }); err != nil {
		return pki{}, err
	}
	log.Print("API server ready")
	kcmConf := filepath.Join(s.data, "kcm.conf")
	if err := keys.kubeconfig(kcmConf, secureURL, keys.manager); err != nil {
		return pki{}, err
	}
	programs.start(hyperProgram(controllerManager, logs, controllerManagerArgs(s, kcmConf, keys)))
	account := "/api/v1/namespaces/default/serviceaccounts/default"
	if err := waitUntil("the default ServiceAccount", bootDeadline, func() error { return get(account) }); err != nil {
		return pki{}, err
	}
	server := fmt.Sprintf("https://%s", net.JoinHostPort(addresses[0].String(), "6443"))
	conf := filepath.Join(s.work, "admin.conf")
	if err := keys.kubeconfig(conf, server, keys.admin); err != nil {
		return pki{}, err
	}
	return keys, giveToOwner(conf, s.work)
}

// giveToOwner gives a file to whom the folder belongs: who started the container may be nobody in it.
func giveToOwner(file, folder string) error {
	info, err := os.Stat(folder)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	return os.Chown(file, int(owner.Uid), int(owner.Gid))
}

func ownAddresses() ([]net.IP, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var found []net.IP
	for _, address := range all {
		if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil && !network.IP.IsLoopback() {
			found = append(found, network.IP)
		}
	}
	if len(found) == 0 {
		found = append(found, net.ParseIP("127.0.0.1"))
	}
	return found, nil
}

func adminGetter(keys pki) func(path string) error {
	roots := x509.NewCertPool()
	roots.AddCert(keys.ca.certificate)
	certificate := tls.Certificate{Certificate: [][]byte{keys.admin.certificate.Raw}, PrivateKey: keys.admin.key}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}}
	client := &http.Client{Transport: transport, Timeout: 2 * time.Second}
	return func(path string) error {
		answer, err := client.Get(secureURL + path)
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(answer.Body, 4096))
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", answer.Status, strings.TrimSpace(string(body)))
		}
		return nil
	}
}
