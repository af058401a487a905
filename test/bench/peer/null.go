package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
)

// writeBlindly makes the writes of a reconciler for objects whose names it knows, without reading or watching anything: what
// the API server can take is the ceiling for every engine.
func writeBlindly(ctx context.Context, config *rest.Config, s settings) error {
	http, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	numbers := make(chan int)
	failures := make(chan error, s.workers)
	var workers sync.WaitGroup
	for range s.workers {
		workers.Go(func() {
			for i := range numbers {
				if err := writeBoth(ctx, http, config.Host, s.namespace, i); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	say(map[string]bool{"synced": true})
	for i := range s.count {
		select {
		case numbers <- i:
		case err := <-failures:
			return err
		}
	}
	close(numbers)
	workers.Wait()
	close(failures)
	if err := <-failures; err != nil {
		return err
	}
	// Stays until it has been measured.
	answer()
	return nil
}

func writeBoth(ctx context.Context, http *http.Client, host, namespace string, i int) error {
	name := fmt.Sprintf("w%06d", i)
	// Its uid would have to be read: any of the right length is as good to the API server.
	widget := &BenchWidget{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, UID: types.UID("00000000-0000-0000-0000-000000000000")}}
	hash := fmt.Sprintf("%064x", i)
	child := render(widget, hash).WithAnnotations(map[string]string{intentAnnotation: hash[:22]})
	now := metav1.NewTime(time.Now())
	condition := func(of, message string) metav1.Condition {
		return metav1.Condition{Type: of, Status: metav1.ConditionTrue, Reason: "Kept", Message: message, ObservedGeneration: 1, LastTransitionTime: now}
	}
	status := map[string]any{
		"apiVersion": groupVersion.String(), "kind": kind, "metadata": map[string]any{"name": name, "namespace": namespace},
		"status": WidgetStatus{ObservedGeneration: 1, Conditions: []metav1.Condition{
			condition("Ready", "The hash is kept"), condition("Hashed", "The hash is "+hash[:12]), condition("Stored", "A ConfigMap holds the hash"),
		}},
	}
	return errors.Join(
		apply(ctx, http, fmt.Sprintf("%s/api/v1/namespaces/%s/configmaps/widget-%s", host, namespace, name), child),
		apply(ctx, http, fmt.Sprintf("%s/apis/%s/namespaces/%s/benchwidgets/%s/status", host, groupVersion, namespace, name), status),
	)
}

func apply(ctx context.Context, client *http.Client, url string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPatch, url+"?fieldManager=keystone-bench&force=true", bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/apply-patch+yaml")
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode >= 300 {
		return fmt.Errorf("%s: %s", answer.Status, said)
	}
	return err
}
