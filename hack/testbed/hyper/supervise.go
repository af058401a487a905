package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A program that hyper runs beside itself and starts again whenever it ends.
type program struct {
	name string
	path string
	argv []string
	logs string // folder

	mu       sync.Mutex
	process  *os.Process
	stopping bool
	ended    chan struct{} // closed when it has stopped for good
}

// hyperProgram is one that hyper itself can become.
func hyperProgram(name, logs string, args []string) *program {
	self, err := os.Executable()
	if err != nil {
		self = "/proc/self/exe"
	}
	return &program{name: name, path: self, argv: append([]string{"hyper", name}, args...), logs: logs}
}

// external is one that stands on the PATH.
func external(name, logs, file string, args ...string) *program {
	path, err := exec.LookPath(file)
	if err != nil {
		path = file // starting it says what is wrong
	}
	return &program{name: name, path: path, argv: append([]string{file}, args...), logs: logs}
}

// A fleet is what the supervisor has started, in that order.
type fleet struct {
	mu       sync.Mutex
	programs []*program
	stopped  bool
}

// start does nothing once the fleet is told to stop, which may happen while it is still being built up.
func (f *fleet) start(p *program) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return
	}
	p.ended = make(chan struct{})
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
	command := &exec.Cmd{Path: p.path, Args: p.argv, Stdout: output, Stderr: output}
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

// supervise is the life of a container of programs: it boots them, says when they are ready, and stops them in order when told to.
func supervise(name, logs, ready string, boot func(programs *fleet) error) error {
	own, err := os.Create(filepath.Join(logs, name+".log"))
	if err != nil {
		return err
	}
	log.SetOutput(io.MultiWriter(os.Stderr, own))
	log.SetFlags(log.Lmicroseconds)
	log.SetPrefix(name + ": ")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)

	programs := &fleet{}
	booted := make(chan error, 1)
	go func() { booted <- boot(programs) }()
	for {
		select {
		case err := <-booted:
			if err != nil {
				log.Print(err)
				programs.stop()
				return err
			}
			log.Print(ready)
		case <-stop:
			programs.stop()
			return nil
		}
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
