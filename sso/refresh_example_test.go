package sso_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/ssoexchange/ssoexchange/sso"
)

// A program that keeps the sessions of its bots alive. Run would go on for months; here
// each bot gets one turn.
func ExampleRefresher() {
	w, conn, opts := simulated()
	defer w.Close()
	ctx := context.Background()

	refresher := sso.NewRefresher(sso.RefreshOptions{
		Observe: func(_ context.Context, e sso.RefreshEvent) {
			switch {
			case e.Kind == sso.RefreshRenewed:
				fmt.Printf("%s: a new session of %s\n", e.Name, e.Session.User)
			case e.Kind == sso.RefreshStopped && errors.Is(e.Err, sso.ErrPassCodeNeeded):
				fmt.Printf("%s: a code is needed; hand it in with PassCode\n", e.Name)
			}
		},
	})
	for name, user := range map[string]string{"mailbot": "sms@example.com", "triage": "passwordonly@example.com"} {
		config, err := sso.ParseConfig(conn)
		if err != nil {
			log.Fatal(err)
		}
		config.User = user
		client, err := sso.OpenConfig(ctx, config, opts)
		if err != nil {
			log.Fatal(err)
		}
		defer client.Close()
		if err := refresher.Add(name, client); err != nil {
			log.Fatal(err)
		}
	}
	if err := refresher.Once(ctx); err != nil {
		log.Fatal(err)
	}
	for _, s := range refresher.Status() {
		fmt.Println(s.Name, s.State, s.Code)
	}
	// Unordered output:
	// triage: a new session of passwordonly@example.com
	// mailbot: a code is needed; hand it in with PassCode
	// mailbot stopped passcode_needed
	// triage live
}
