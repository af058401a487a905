package main

import (
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// What a node sets for itself: these are in namespaces of its own.
var ownSettings = map[string]string{
	"net/ipv4/ip_forward":              "1",
	"net/ipv4/conf/all/route_localnet": "1",
}

// What kubelet wants of the whole machine. A machine that lends itself to tests shall neither restart after a panic nor promise
// memory that it has not, just because of them.
var settingsOfKubelet = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// These are the machine's, and stay when the node is gone: raised where they are too low for several kubelets, never lowered.
var leastSettings = map[string]int{
	"fs/inotify/max_user_instances": 8192,
	"fs/inotify/max_user_watches":   524288,
}

// kernelSettings makes the kernel look as a node wants it, and leaves the machine's own as it is where that is possible.
func kernelSettings() error {
	for name, value := range ownSettings {
		if err := os.WriteFile(setting(name), []byte(value), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(setting("net/bridge/bridge-nf-call-iptables"), []byte("1"), 0o644); err != nil {
		log.Printf("left as it is: %v", err)
	}
	for name, least := range leastSettings {
		if err := raise(setting(name), least); err != nil {
			log.Printf("left as it is: %v", err)
		}
	}
	for name, value := range settingsOfKubelet {
		if _, err := os.Stat(setting(name)); err != nil {
			continue
		}
		if err := cover(setting(name), value+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func setting(name string) string { return filepath.Join("/proc/sys", name) }

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

// cover puts a file of the node's own over one that is not. Who reads it finds what we say, and who writes to it writes to ours.
func cover(path, content string) error {
	own := filepath.Join("/run/realm", path)
	if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(own, []byte(content), 0o644); err != nil {
		return err
	}
	return command("mount", "--bind", own, path)
}
