package sso_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/sso"
)

func ExampleClient_Diagnose() {
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	defer w.Close()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	ca, err := w.Net.CAFile(dir)
	if err != nil {
		fmt.Println(err)
		return
	}

	// A slip of the pen in the path of the assertion consumer:
	client, err := sso.Open(context.Background(), w.OktaConnection("SSLServerCert="+ca,
		"SSOExchangeURL=https://jira.example.com/plugins/servlet/samlkonsumer"), &sso.Options{Dial: w.Net.Dial})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.Close()
	client.Diagnose(context.Background(), func(f sso.Finding) {
		if f.Status != sso.FindingOK {
			fmt.Println(f.Status, f.Check, f.Message)
			fmt.Println("exit status of", sso.Code(f.Err))
		}
	})
	// Output:
	// fail sp.exchange there is no assertion consumer at /plugins/servlet/samlkonsumer (404)
	// exit status of config
}

// TestDiagnoseIsBounded: servers that accept and then say nothing take ten seconds
// for each check that needs them, and what does not need them is looked at.
func TestDiagnoseIsBounded(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := fixtures.NewWorld(fixtures.WorldOptions{})
		defer w.Close()
		ca, err := w.Net.CAFile(dir)
		if err != nil {
			t.Fatal(err)
		}
		w.Net.Intercept(func(host string, r *http.Request) http.Handler {
			if host != "acme.okta.com" {
				return nil
			}
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		})
		client, err := sso.Open(t.Context(), w.OktaConnection("SSLServerCert="+ca), &sso.Options{Dial: w.Net.Dial})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		start := time.Now()
		got := map[string]sso.Finding{}
		client.Diagnose(t.Context(), func(f sso.Finding) { got[f.Check] = f })
		if took := time.Since(start); took > 21*time.Second {
			t.Errorf("took %s", took)
		}
		if f := got["idp.connect"]; f.Status != sso.FindingFail || !errors.Is(f.Err, sso.ErrUnreachable) || f.Hint == "" {
			t.Errorf("idp.connect: %+v", f)
		}
		if f := got["sp.exchange"]; f.Status != sso.FindingOK {
			t.Errorf("sp.exchange: %+v", f)
		}
	})
}

// TestDiagnoseNoNetwork: with no server at all every group still says something.
func TestDiagnoseNoNetwork(t *testing.T) {
	w := fixtures.NewWorld(fixtures.WorldOptions{})
	defer w.Close()
	for _, host := range []string{"acme.okta.com", "crowd.example.com", "jira.example.com"} {
		w.Net.Handle(host, nil)
	}
	for _, conn := range []string{w.OktaConnection(), w.CrowdConnection(), w.OktaConnection("Domain=login.example.com"),
		w.OktaConnection("SSOExchangeURL=https://sp.example.com/plugins/servlet/samlconsumer")} {
		client, err := sso.Open(t.Context(), conn, &sso.Options{Dial: w.Net.Dial})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		client.Diagnose(t.Context(), func(f sso.Finding) {
			if f.Status == sso.FindingFail {
				names = append(names, f.Check)
				if f.Hint == "" || f.Err == nil || strings.Contains(f.Message+f.Hint, w.Password) {
					t.Errorf("%+v", f)
				}
			}
		})
		client.Close()
		list := strings.Join(names, " ")
		if !strings.Contains(list, "idp.name") || !strings.Contains(list, "sp.name") ||
			strings.Contains(conn, "Domain=") != strings.Contains(list, "domain.name") || strings.Contains(conn, "//sp.") != strings.Contains(list, "exchange.name") {
			t.Errorf("failed: %s", list)
		}
	}
}
