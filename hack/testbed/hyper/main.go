// Command hyper is a whole Kubernetes control plane in one file: it becomes the program that its first
// argument (or the name it was started under) says. One link instead of many keeps a cold build short.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

// The programs of Kubernetes, as hyper calls them and as the supervisor starts them.
const (
	etcd              = "etcd"
	kubeAPIServer     = "kube-apiserver"
	controllerManager = "kube-controller-manager"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name == "hyper" && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	switch name {
	case etcd:
		etcdmain.Main(os.Args)
	case kubeAPIServer:
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case controllerManager:
		os.Exit(cli.Run(kcm.NewControllerManagerCommand()))
	case "kubectl":
		exit(cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()))
	default:
		own, found := subcommands[name]
		if !found {
			exit(fmt.Errorf("%q is none of %s, %s, %s, kubectl, control-plane, signal, compact, kstatus", name, etcd, kubeAPIServer, controllerManager))
		}
		exit(own(os.Args[1:]))
	}
}

// What hyper does besides being one of Kubernetes' own programs.
var subcommands = map[string]func(args []string) error{
	"control-plane": runControlPlane,
	"signal":        sendSignal,
	"compact":       compactEtcd,
	"kstatus":       printKstatus,
}

func exit(err error) {
	if err == nil {
		os.Exit(0)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
