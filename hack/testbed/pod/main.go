// Command pod is what tests run in Pods: a server, and ways to find out what a network lets through.
package main

import (
	"fmt"
	"os"
	"strings"
)

var subcommands = map[string]func(args []string) error{
	"serve":   serve,
	"get":     get,
	"probe":   probe,
	"hold":    hold,
	"resolve": resolve,
	"eat":     eat,
	"write":   write,
	"sum":     sum,
	"sleep":   sleep,
}

func main() {
	if len(os.Args) < 2 || subcommands[os.Args[1]] == nil {
		names := make([]string, 0, len(subcommands))
		for name := range subcommands {
			names = append(names, name)
		}
		exit(fmt.Errorf("usage: pod %s", strings.Join(names, "|")))
	}
	exit(subcommands[os.Args[1]](os.Args[2:]))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
