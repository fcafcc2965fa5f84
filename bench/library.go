//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ssoexchange/ssoexchange/cookiejar"
	"github.com/ssoexchange/ssoexchange/filestore"
	"github.com/ssoexchange/ssoexchange/sso"
)

// libraryArg makes this program a Go program that signs in once: what somebody else's
// program does, without the start of ours.
const libraryArg = "sign-in-with-the-library"

// tookPrefix begins the line in which it says how long that took.
const tookPrefix = "took "

// signInWithLibrary opens the connection string in the file connection of this folder,
// keeps state in the folder state, prints the cookies and says how long it took from
// the connection string to the cookies.
func signInWithLibrary(trust, force bool) error {
	conn, err := os.ReadFile("connection")
	if err != nil {
		return err
	}
	ctx := context.Background()
	began := time.Now()
	store, err := filestore.Open("state", filestore.Options{})
	if err != nil {
		return err
	}
	client, err := sso.Open(ctx, string(conn), &sso.Options{Store: store, TrustExchange: trust})
	if err != nil {
		return err
	}
	defer client.Close()
	signIn := client.Session
	if force {
		signIn = client.Login
	}
	session, err := signIn(ctx)
	if err != nil {
		return err
	}
	took := time.Since(began)
	fmt.Fprintf(os.Stderr, "%s%d ns\n", tookPrefix, took.Nanoseconds())
	cfg, err := sso.ParseConfig(string(conn))
	if err != nil {
		return err
	}
	return cookiejar.Write(os.Stdout, cookiejar.Header, session.Cookies, cfg.URL)
}

// library is the rival that runs it.
func library(trust bool) func(*bench, scenario, person, string) ([]string, []string, error) {
	return func(b *bench, s scenario, p person, dir string) ([]string, []string, error) {
		_, env, err := b.product(s, p, dir) // the files are the same
		if err != nil {
			return nil, nil, err
		}
		self, err := os.Executable()
		return []string{self, libraryArg, fmt.Sprint(trust), fmt.Sprint(len(s.more) > 0)}, env, err
	}
}

// ownTime replaces the wall time by what the library's program said.
func ownTime(c *cost) error {
	for line := range strings.Lines(c.Talk) {
		if text, ok := strings.CutPrefix(line, tookPrefix); ok {
			var ns int64
			if _, err := fmt.Sscan(text, &ns); err != nil {
				return err
			}
			c.Wall = time.Duration(ns)
			return nil
		}
	}
	return fmt.Errorf("%s did not say how long it took", filepath.Base(os.Args[0]))
}
