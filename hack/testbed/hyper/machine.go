package main

import (
	"fmt"
	"log"
	"net"
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
	if err := kernelSettings(); err != nil {
		return err
	}
	// Nothing on a node needs names, and Docker's resolver asks others beyond this machine, in older versions from any network.
	if err := cover("/etc/resolv.conf", ""); err != nil {
		return err
	}
	if err := network(s); err != nil {
		return err
	}
	return writeNodeFiles(s)
}

// The chain that lets nobody call a node from a network that is not its realm's.
const wall = "REALM-WALL"

// network gives Pods their ways: to each other, to Services, and nowhere else.
func network(s nodeSettings) error {
	own := s.self()
	device, err := deviceOf(own.address)
	if err != nil {
		return err
	}
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
	// In a network between realms a node is as a household is behind its router: answers come in, and calls do not. It stands before
	// the node has a leg in one, and a restart builds it again.
	mangle := func(args ...string) {
		steps = append(steps, append([]string{"iptables", "-w", "-t", "mangle"}, args...))
	}
	mangle("-N", wall)
	for _, ours := range []string{"lo", device, podBridge} {
		mangle("-A", wall, "-i", ours, "-j", "RETURN")
	}
	mangle("-A", wall, "-j", "DROP")
	mangle("-A", "PREROUTING", "-m", "conntrack", "--ctstate", "NEW", "-j", wall)
	for _, step := range steps {
		if err := command(step[0], step[1:]...); err != nil {
			return err
		}
	}
	return nil
}

// deviceOf finds the interface by its address: after a restart Docker may have given the names to other networks.
func deviceOf(address string) (string, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, one := range interfaces {
		addresses, err := one.Addrs()
		if err != nil {
			return "", err
		}
		for _, found := range addresses {
			if prefix, isNetwork := found.(*net.IPNet); isNetwork && prefix.IP.String() == address {
				return one.Name, nil
			}
		}
	}
	return "", fmt.Errorf("no interface has the address %s", address)
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
	_, err := answer(name, args...)
	return err
}

// answer runs a program to its end and returns what it says.
func answer(name string, args ...string) (string, error) {
	output, err := exec.Command(name, args...).CombinedOutput()
	said := strings.TrimSpace(string(output))
	if err != nil {
		return "", fmt.Errorf("%s %s: %w %s", filepath.Base(name), strings.Join(args[:min(len(args), 4)], " "), err, strconv.Quote(said[max(0, len(said)-1000):]))
	}
	return said, nil
}
