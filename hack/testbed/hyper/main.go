// Command hyper is all servers of Kubernetes in one file: it becomes the program that its first
// argument (or the name it was started under) says. One link instead of many keeps a cold build short.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	nodeagent "k8s.io/kubernetes/cmd/kubelet/app"
)

// The programs of Kubernetes, as hyper calls them and as the supervisor starts them.
const (
	etcd              = "etcd"
	kubeAPIServer     = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	kubeScheduler     = "kube-scheduler"
	kubelet           = "kubelet"
	kubeProxy         = "kube-proxy"
	csiFolders        = "csi"
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
	case kubeScheduler:
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case kubelet:
		os.Exit(cli.Run(nodeagent.NewKubeletCommand(context.Background())))
	case kubeProxy:
		os.Exit(cli.Run(kubeproxy.NewProxyCommand()))
	default:
		own, found := subcommands[name]
		if !found {
			exit(fmt.Errorf("%q is neither a program of Kubernetes nor one of ours", name))
		}
		exit(own(os.Args[1:]))
	}
}

// What hyper does besides being one of Kubernetes' own programs.
var subcommands = map[string]func(args []string) error{
	"control-plane": runControlPlane,
	"init":          runInit,
	"node":          runNode,
	csiFolders:      runCSI,
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
