package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// A verdict of the library that Flux waits with. Error is set when it refuses the object.
type verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	Reason  string `json:"reason,omitempty"`
	Error   string `json:"error,omitempty"`
}

// printKstatus answers each JSON object on a line of stdin with its verdict on a line of stdout.
func printKstatus([]string) error {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			if err := out.Encode(judge(line)); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading objects: %w", err)
		}
	}
}

func judge(line []byte) verdict {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(line); err != nil {
		return verdict{Error: err.Error()}
	}
	result, err := status.Compute(object)
	if err != nil {
		return verdict{Error: err.Error()}
	}
	answer := verdict{Status: result.Status.String(), Message: result.Message}
	if len(result.Conditions) > 0 {
		answer.Reason = result.Conditions[0].Reason
	}
	return answer
}
