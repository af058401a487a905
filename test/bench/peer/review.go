package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// refused is the name of what is not let through, by which one hears that the API server asks.
const refused = `"name":"refused"`

// letPass is a webhook that decides nothing: what it adds to a write is what every webhook adds.
func letPass(ctx context.Context, s settings) error {
	server := &http.Server{Addr: s.reviews, Handler: http.HandlerFunc(review)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	say(map[string]bool{"synced": true})
	if err := server.ListenAndServeTLS(s.certificate, s.key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func review(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var asked struct {
		Request struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err != nil || json.Unmarshal(body, &asked) != nil {
		http.Error(w, "no review", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
		"response": map[string]any{"uid": asked.Request.UID, "allowed": !bytes.Contains(body, []byte(refused))},
	})
}
