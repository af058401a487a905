// Command peer is the other side of the benchmark: the controller of ../controller.ts on controller-runtime, a writer that
// makes the same writes and does nothing else, and a webhook that lets everything pass.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

type settings struct {
	kubeconfig, namespace, metrics, probes string
	reviews, certificate, key              string
	workers, count                         int
	guarded, null                          bool
}

func main() {
	var s settings
	// A set of its own: controller-runtime puts a flag of that name into the common one.
	flags := flag.NewFlagSet("peer", flag.ExitOnError)
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "whom to ask")
	flags.StringVar(&s.metrics, "metrics-bind-address", "0", "where metrics are served")
	flags.StringVar(&s.probes, "health-probe-bind-address", "0", "where probes are served")
	flags.IntVar(&s.workers, "workers", 1, "how many objects at once")
	flags.BoolVar(&s.guarded, "guarded", false, "give the guarantees of our engine, in as many calls")
	flags.BoolVar(&s.null, "null", false, "only write, once for each of --count objects in --namespace")
	flags.StringVar(&s.namespace, "namespace", "", "where the objects are")
	flags.IntVar(&s.count, "count", 0, "how many objects there are")
	flags.StringVar(&s.reviews, "reviews-bind-address", "", "only let pass what is asked about here, over TLS")
	flags.StringVar(&s.certificate, "certificate", "", "file of the certificate of reviews")
	flags.StringVar(&s.key, "key", "", "file of its key")
	_ = flags.Parse(os.Args[1:]) // ends the process itself
	if err := run(s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(s settings) error {
	ctx := ctrl.SetupSignalHandler()
	if s.reviews != "" {
		return letPass(ctx, s)
	}
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		return err
	}
	config.QPS = -1 // no limit of the client's own
	config.UserAgent = "bench-peer"
	if s.null {
		return writeBlindly(ctx, config, s)
	}
	return manage(ctx, config, s)
}

func manage(ctx context.Context, config *rest.Config, s settings) error {
	ctrl.SetLogger(zap.New())
	scheme := kruntime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	addToScheme(scheme)
	yes := true
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Metrics:                server.Options{BindAddress: s.metrics},
		HealthProbeBindAddress: s.probes,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				&corev1.ConfigMap{}: {Label: labels.SelectorFromSet(labels.Set{controllerLabel: controllerName})},
			},
		},
		// What our stale-cache gate is for: no pass decides on a copy that is older than its own last write.
		Client: client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: &yes}},
	})
	if err != nil {
		return err
	}
	r := &reconciler{client: mgr.GetClient()}
	if s.guarded {
		r.guards = &guards{live: mgr.GetAPIReader(), recorder: mgr.GetEventRecorder("keystone.io/bench")}
	}
	if err := r.setup(mgr, s.workers); err != nil {
		return err
	}
	// The controller would ask for the same informers a moment later, and a cache without any counts as full.
	for _, object := range []client.Object{&BenchWidget{}, &corev1.ConfigMap{}} {
		if _, err := mgr.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false)); err != nil {
			return err
		}
	}
	go answer()
	go func() {
		if mgr.GetCache().WaitForCacheSync(ctx) {
			say(map[string]bool{"synced": true})
		}
	}()
	return mgr.Start(ctx)
}

// answer tells how much memory lives, each time a line asks for it; whoever asks is gone when there are no more lines.
func answer() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		runtime.GC()
		debug.FreeOSMemory()
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		say(map[string]uint64{"heapBytes": memory.HeapAlloc})
	}
	os.Exit(0)
}

func say(what any) {
	_ = json.NewEncoder(os.Stdout).Encode(what)
}
