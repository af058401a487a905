package main

import (
	"bufio"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	cgroups = "/sys/fs/cgroup"
	// How long others may come and go while all move into the leaf.
	delegationDeadline = 5 * time.Second
)

// Without these Pods have no limits.
var neededControllers = []string{"cpu", "memory", "pids"}

// writableCgroups makes the container's own cgroups writable, which Docker mounts read-only for all but privileged containers.
func writableCgroups() error {
	if err := command("mount", "-o", "remount,rw", "/sys"); err != nil {
		return err
	}
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		return err
	}
	defer mounts.Close()
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 || !strings.HasPrefix(fields[1], "/sys/fs/cgroup") {
			continue
		}
		options := "remount,bind,rw"
		if fields[2] == "tmpfs" {
			options = "remount,rw"
		}
		if err := command("mount", "-o", options, fields[1]); err != nil {
			return err
		}
	}
	return delegateControllers()
}

// delegateControllers lets Pods have limits where all controllers are in one hierarchy: one with processes of its own may not
// hand controllers down, so ours move into a leaf.
func delegateControllers() error {
	available, err := controllersIn("cgroup.controllers")
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	leaf := filepath.Join(cgroups, "init")
	if err := os.MkdirAll(leaf, 0o755); err != nil {
		return err
	}
	// Whoever comes after the move, as docker exec does, holds the controllers back until the next one.
	return waitUntil("a limit for Pods", delegationDeadline, func() error {
		if err := moveProcesses(leaf); err != nil {
			return err
		}
		for _, controller := range available {
			if err := os.WriteFile(filepath.Join(cgroups, subtreeControl), []byte("+"+controller), 0o644); err != nil {
				log.Printf("without the controller %s as yet: %v", controller, err)
			}
		}
		enabled, err := controllersIn(subtreeControl)
		if err != nil {
			return err
		}
		for _, controller := range neededControllers {
			if !slices.Contains(enabled, controller) {
				return fmt.Errorf("the controller %s stays off: this machine has %v, and %v are on", controller, available, enabled)
			}
		}
		return nil
	})
}

const subtreeControl = "cgroup.subtree_control"

func controllersIn(file string) ([]string, error) {
	content, err := os.ReadFile(filepath.Join(cgroups, file))
	return strings.Fields(string(content)), err
}

// moveProcesses moves all that are there now; one that has ended meanwhile needs no move.
func moveProcesses(leaf string) error {
	processes, err := os.ReadFile(filepath.Join(cgroups, "cgroup.procs"))
	if err != nil {
		return err
	}
	for _, pid := range strings.Fields(string(processes)) {
		err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(pid), 0o644)
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}
