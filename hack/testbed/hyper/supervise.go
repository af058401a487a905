package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A program that hyper runs beside itself and starts again whenever it ends.
type program struct {
	name string
	args []string
	logs string // folder

	mu       sync.Mutex
	process  *os.Process
	stopping bool
	ended    chan struct{} // closed when it has stopped for good
}

// A fleet is what the supervisor has started, in that order.
type fleet struct {
	mu       sync.Mutex
	programs []*program
	stopped  bool
}

// start does nothing once the fleet is told to stop, which may happen while it is still being built up.
func (f *fleet) start(name, logs string, args []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return
	}
	p := &program{name: name, args: args, logs: logs, ended: make(chan struct{})}
	f.programs = append(f.programs, p)
	go p.keepRunning()
}

// stop goes from the last started to the first: etcd must outlive the API server's last write.
func (f *fleet) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
	for i := len(f.programs) - 1; i >= 0; i-- {
		f.programs[i].stop(5 * time.Second)
	}
}

func (p *program) keepRunning() {
	defer close(p.ended)
	for {
		command, err := p.startOnce()
		if command == nil && err == nil {
			return
		}
		if err == nil {
			err = command.Wait()
		}
		p.mu.Lock()
		p.process = nil
		stopping := p.stopping
		p.mu.Unlock()
		if stopping {
			return
		}
		log.Printf("%s ended (%v), starting it again", p.name, err)
		time.Sleep(200 * time.Millisecond) // a program that cannot start must not eat the machine
	}
}

// startOnce returns neither a command nor an error once the program is to stop.
func (p *program) startOnce() (*exec.Cmd, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return nil, nil
	}
	output, err := os.OpenFile(filepath.Join(p.logs, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := &exec.Cmd{Path: self, Args: append([]string{"hyper", p.name}, p.args...), Stdout: output, Stderr: output}
	if err := command.Start(); err != nil {
		return nil, err
	}
	p.process = command.Process
	return command, nil
}

// stop ends the program politely, then by force once the time is over.
func (p *program) stop(within time.Duration) {
	p.mu.Lock()
	p.stopping = true
	if p.process != nil {
		_ = p.process.Signal(syscall.SIGCONT) // a paused program hears no SIGTERM
		_ = p.process.Signal(syscall.SIGTERM)
	}
	p.mu.Unlock()
	select {
	case <-p.ended:
	case <-time.After(within):
		log.Printf("%s did not stop within %s, killing it", p.name, within)
		p.mu.Lock()
		if p.process != nil {
			_ = p.process.Kill()
		}
		p.mu.Unlock()
		<-p.ended
	}
}

// waitUntil asks again and again, and fails with the last answer once the time is over.
func waitUntil(what string, within time.Duration, ask func() error) error {
	deadline := time.Now().Add(within)
	for {
		err := ask()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is not there after %s: %w", what, within, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
