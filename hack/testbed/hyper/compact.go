package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
)

const etcdURL = "http://127.0.0.1:2379"

// compactEtcd forgets every revision before the current one and prints that one, so that who asks for an older is told 410.
func compactEtcd([]string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{etcdURL}, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	answer, err := client.Get(ctx, "none", clientv3.WithCountOnly())
	if err != nil {
		return err
	}
	revision := answer.Header.Revision
	_, err = client.Compact(ctx, revision, clientv3.WithCompactPhysical())
	if err != nil && !errors.Is(err, rpctypes.ErrCompacted) {
		return err
	}
	fmt.Println(revision)
	return nil
}
