package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

// eat takes memory until it has MEBIBYTES, and keeps it.
func eat(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: pod eat MEBIBYTES")
	}
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	var eaten [][]byte
	for range count {
		piece := make([]byte, 1<<20)
		for i := 0; i < len(piece); i += os.Getpagesize() {
			piece[i] = 1
		}
		eaten = append(eaten, piece)
	}
	fmt.Println(len(eaten), "MiB")
	return sleep(nil)
}

// write fills a file with KIBIBYTES that only the seed tells, and prints their hash.
func write(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: pod write FILE KIBIBYTES SEED")
	}
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	file, err := os.Create(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	noise := rand.NewChaCha8(sha256.Sum256([]byte(args[2])))
	if _, err := io.CopyN(file, noise, int64(count)<<10); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return sum(args[:1])
}

// sum prints the hash of a file.
func sum(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: pod sum FILE")
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return err
	}
	fmt.Printf("%x\n", hash.Sum(nil))
	return nil
}

// sleep does nothing until it is told to end.
func sleep([]string) error {
	time.Sleep(1 << 62)
	return nil
}
