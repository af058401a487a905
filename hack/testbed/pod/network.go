package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"golang.org/x/net/proxy"
)

const (
	every   = 50 * time.Millisecond
	patient = 300 * time.Millisecond
)

// dialer connects directly, or by way of the SOCKS proxy that the last of the arguments names, and gives up in time.
func dialer(args []string, patience time.Duration) (dial, error) {
	var way proxy.ContextDialer = &net.Dialer{}
	if len(args) > 1 {
		address, err := url.Parse(args[1])
		if err != nil {
			return nil, err
		}
		through, err := proxy.FromURL(address, &net.Dialer{})
		if err != nil {
			return nil, err
		}
		way = through.(proxy.ContextDialer)
	}
	return func(address string) (net.Conn, error) {
		within, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return way.DialContext(within, "tcp", address)
	}, nil
}

type dial func(address string) (net.Conn, error)

// get prints what a URL answers.
func get(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: pod get URL [socks5://HOST:PORT]")
	}
	connect, err := dialer(args, 5*time.Second)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) { return connect(address) },
	}}
	answer, err := client.Get(args[0])
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}

// probe opens a connection again and again, and prints the time in ms and "open" or "closed" whenever that changes.
// A connection counts as open once the other side has answered: something on the way may accept in its stead.
func probe(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: pod probe HOST:PORT [socks5://HOST:PORT]")
	}
	connect, err := dialer(args, patient)
	if err != nil {
		return err
	}
	for last := ""; ; time.Sleep(every) {
		state := "closed"
		if answers(connect, args[0]) == nil {
			state = "open"
		}
		if state != last {
			fmt.Println(time.Now().UnixMilli(), state)
			last = state
		}
	}
}

func answers(connect dial, address string) error {
	connection, err := connect(address)
	if err != nil {
		return err
	}
	defer connection.Close()
	return ping(connection, bufio.NewReader(connection))
}

// ping is answered by our own server, and also by those of HTTP and, in the clear, of HTTPS.
func ping(connection net.Conn, lines *bufio.Reader) error {
	if err := connection.SetDeadline(time.Now().Add(patient)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(connection, "GET /"); err != nil {
		return err
	}
	_, err := lines.ReadString('\n')
	return err
}

// hold keeps one connection, and prints the time in ms and "alive", "stalled" or "ended" whenever that changes.
func hold(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("usage: pod hold HOST:PORT [socks5://HOST:PORT]")
	}
	connect, err := dialer(args, 5*time.Second)
	if err != nil {
		return err
	}
	connection, err := connect(args[0])
	if err != nil {
		return err
	}
	defer connection.Close()
	lines := bufio.NewReader(connection)
	for last := ""; ; time.Sleep(every) {
		state := "alive"
		if err := ping(connection, lines); err != nil {
			state = "ended"
			if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				state = "stalled"
			}
		}
		if state != last {
			fmt.Println(time.Now().UnixMilli(), state)
			last = state
		}
		if state == "ended" {
			return nil
		}
	}
}

// resolve prints the addresses of a name.
func resolve(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: pod resolve NAME")
	}
	within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(within, args[0])
	for _, address := range addresses {
		fmt.Println(address)
	}
	return err
}
