package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// runInit is the first process of a node: it runs hyper with the rest of its arguments, passes signals on, and collects
// whatever ends without a parent, such as the shims of containers.
func runInit(args []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	child := &exec.Cmd{Path: self, Args: append([]string{"hyper"}, args...), Stdout: os.Stdout, Stderr: os.Stderr}
	if err := child.Start(); err != nil {
		return err
	}
	for received := range signals {
		if received != syscall.SIGCHLD {
			_ = child.Process.Signal(received)
			continue
		}
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if pid <= 0 || err != nil {
				break
			}
			if pid == child.Process.Pid {
				os.Exit(status.ExitStatus())
			}
		}
	}
	return nil
}
