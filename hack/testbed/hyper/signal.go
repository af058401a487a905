package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

var signals = map[string]syscall.Signal{
	"CONT": syscall.SIGCONT, "KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "TERM": syscall.SIGTERM,
}

// sendSignal PROGRAM SIGNAL plays a fault on one program of this container; the supervisor starts again what dies.
func sendSignal(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: hyper signal PROGRAM KILL|STOP|CONT|TERM")
	}
	signal, found := signals[args[1]]
	if !found {
		return fmt.Errorf("%q is none of KILL, STOP, CONT, TERM", args[1])
	}
	pid, err := pidOf(args[0])
	if err != nil {
		return err
	}
	return syscall.Kill(pid, signal)
}

// pidOf looks the program up in /proc, so that no pid file can be stale.
func pidOf(program string) (int, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		line, err := os.ReadFile(path) // a process may end while we look
		if err != nil {
			continue
		}
		words := bytes.Split(line, []byte{0})
		if len(words) > 1 && string(words[0]) == "hyper" && string(words[1]) == program {
			return strconv.Atoi(filepath.Base(filepath.Dir(path)))
		}
	}
	return 0, fmt.Errorf("no %s is running", program)
}
