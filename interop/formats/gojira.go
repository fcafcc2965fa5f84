//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/ssoexchange/ssoexchange/internal/harness"
)

// readGoJira asks with the cookies of a file of go-jira's.
func readGoJira(ctx context.Context, s *session, file string) (string, error) {
	roots, err := harness.Roots(s.ca)
	if err != nil {
		return "", err
	}
	client := harness.Client(roots)
	if client.Jar, err = harness.GoJiraJar(file); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.myself(), nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the answer is %d", resp.StatusCode)
	}
	return string(body), err
}
