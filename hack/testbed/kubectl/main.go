// Command kubectl is that of the Kubernetes in go.mod. As a part of hyper, where all servers set themselves up first, each start
// would take twice as long, and tests start it hundreds of times.
package main

import (
	"fmt"
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
