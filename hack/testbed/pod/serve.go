package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

const (
	webPort  = ":8080"
	echoPort = ":7777"
)

// serve answers HTTP with who it is and who asks, and TCP line by line with what it was sent.
func serve([]string) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	lines, err := net.Listen("tcp", echoPort)
	if err != nil {
		return err
	}
	go echo(lines)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "host=%s path=%s from=%s\n", host, r.URL.Path, r.RemoteAddr)
		log.Printf("%s %s", r.Method, r.URL.Path)
	})
	web, err := net.Listen("tcp", webPort)
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	go func() { <-stop; os.Exit(0) }()
	log.Printf("serving HTTP at %s and lines at %s", webPort, echoPort)
	return http.Serve(web, nil)
}

func echo(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer connection.Close()
			for lines := bufio.NewScanner(connection); lines.Scan(); {
				if _, err := fmt.Fprintln(connection, lines.Text()); err != nil {
					return
				}
			}
		}()
	}
}
