package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// prepareMachine turns a container into something that a kubelet takes for a machine.
func prepareMachine(s nodeSettings) error {
	// Volumes that one program mounts have to be seen by all.
	if err := command("mount", "--make-rshared", "/"); err != nil {
		return err
	}
	if err := writableCgroups(); err != nil {
		return err
	}
	for name, value := range map[string]string{
		"net/ipv4/ip_forward":              "1",
		"net/ipv4/conf/all/route_localnet": "1",
	} {
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/proc/sys/net/bridge/bridge-nf-call-iptables", []byte("1"), 0o644); err != nil {
		log.Printf("left as it is: %v", err)
	}
	// These are the machine's, and stay when the node is gone: raised where they are too low for several kubelets, never lowered.
	for name, least := range map[string]int{"fs/inotify/max_user_instances": 8192, "fs/inotify/max_user_watches": 524288} {
		if err := raise(filepath.Join("/proc/sys", name), least); err != nil {
			log.Printf("left as it is: %v", err)
		}
	}
	if err := network(s); err != nil {
		return err
	}
	return writeNodeFiles(s)
}

func raise(setting string, least int) error {
	value, err := os.ReadFile(setting)
	if err != nil {
		return err
	}
	if now, err := strconv.Atoi(strings.TrimSpace(string(value))); err == nil && now >= least {
		return nil
	}
	return os.WriteFile(setting, []byte(strconv.Itoa(least)), 0o644)
}

// network gives Pods their ways: to each other, to Services, and nowhere else.
func network(s nodeSettings) error {
	own := s.self()
	steps := [][]string{
		// Without any way out, programs of the node can't even dial the address of a Service. What arrives there is dropped.
		{"ip", "route", "replace", "default", "via", s.gateway},
		// Pods keep their addresses among each other, since policies name Pods. To all others they show their node's.
		{"iptables", "-w", "-t", "nat", "-A", "POSTROUTING", "-s", own.podRange, "!", "-d", s.clusterRange, "-j", "MASQUERADE"},
	}
	for _, one := range s.all {
		if one != own {
			steps = append(steps, []string{"ip", "route", "replace", one.podRange, "via", one.address})
		}
	}
	// Before kube-proxy knows an address it is refused at once: a packet that leaves makes a client wait for half a minute.
	for _, chain := range []string{"FORWARD", "OUTPUT"} {
		steps = append(steps, []string{"iptables", "-w", "-A", chain, "-d", serviceRange, "-j", "REJECT"})
	}
	for _, step := range steps {
		if err := command(step[0], step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// importImages tells containerd of the images that came with the node.
func importImages(folder string) error {
	archives, err := filepath.Glob(filepath.Join(folder, "*.tar"))
	if err != nil {
		return err
	}
	if err := waitUntil("containerd", bootDeadline, func() error { return command("ctr", "version") }); err != nil {
		return err
	}
	for _, archive := range archives {
		if err := command("ctr", "--namespace", "k8s.io", "images", "import", archive); err != nil {
			return err
		}
	}
	log.Printf("%d image archives imported", len(archives))
	return nil
}

// command runs a short program to its end; what it said is in the error.
func command(name string, args ...string) error {
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		said := strings.TrimSpace(string(output))
		return fmt.Errorf("%s %s: %w %s", filepath.Base(name), strings.Join(args[:min(len(args), 4)], " "), err, strconv.Quote(said[max(0, len(said)-1000):]))
	}
	return nil
}
