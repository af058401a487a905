// Command git-server serves one empty repository over HTTP, by Git's own git-http-backend, until somebody pushes to it.
package main

import (
	"log"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	address = ":8080"
	backend = "/usr/lib/git-core/git-http-backend"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: git-server REPOSITORY")
	}
	repository := os.Args[1]
	git("init", "--bare", "--quiet", "--initial-branch=main", repository)
	// Who reaches this server may write, too: it lives as long as a test.
	git("-C", repository, "config", "http.receivepack", "true")
	log.Printf("serving %s at %s", repository, address)
	log.Fatal(http.ListenAndServe(address, &cgi.Handler{
		Path: backend,
		Env: []string{
			"GIT_PROJECT_ROOT=" + filepath.Dir(repository),
			"GIT_HTTP_EXPORT_ALL=1",
			"PATH=" + os.Getenv("PATH"),
		},
	}))
}

func git(arguments ...string) {
	command := exec.Command("git", arguments...)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		log.Fatalf("git %v: %v", arguments, err)
	}
}
