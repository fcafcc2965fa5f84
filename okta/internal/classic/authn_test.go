package classic

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ssoexchange/ssoexchange/internal/httpclient"
	"github.com/ssoexchange/ssoexchange/mfa"
	"github.com/ssoexchange/ssoexchange/okta/internal/flow"
)

// transactions are the shapes of answers that were seen, odd ones included.
var transactions = []string{
	`{"status":"SUCCESS","sessionToken":"20111abc","expiresAt":"2026-01-02T03:09:05.000Z","_embedded":{}}`,
	`{"status":"SUCCESS","stateToken":"00a","type":"SESSION_STEP_UP","_embedded":{"target":{"type":"APP"}},"_links":{"next":{"name":"original","href":"https://acme.okta.com/login/step-up/redirect?stateToken=00a","hints":{"allow":["GET"]}}}}`,
	`{"stateToken":"00a","status":"MFA_REQUIRED","_embedded":{"factors":[{"id":"opf1","factorType":"push","provider":"OKTA","profile":{"name":"Ana phone"},"_links":{"verify":{"href":"https://acme.okta.com/api/v1/authn/factors/opf1/verify","hints":{"allow":["POST"]}}}}],"policy":{"allowRememberDevice":true,"factorsPolicyInfo":null}}}`,
	`{"stateToken":"00a","status":"MFA_CHALLENGE","factorResult":"WAITING","_embedded":{"factor":{"id":"opf1","factorType":"push","_embedded":{"challenge":{"correctAnswer":0},"verification":null}}},"_links":{"next":{"name":"poll","href":"https://acme.okta.com/x"},"resend":[{"name":"push","href":"https://acme.okta.com/y"}]}}`,
	`{"stateToken":"00a","status":"RECOVERY_CHALLENGE","_links":{"resend":{"name":"sms","href":"https://acme.okta.com/y"}}}`,
	`{"stateToken":"00a","status":"POLL","_embedded":{"transaction":{"profile":{"refresh":4000}}},"_links":{"next":{"name":"poll","href":"https://acme.okta.com/api/v1/authn/poll"}}}`,
	`{"stateToken":"00a","status":"PASSWORD_WARN","_embedded":{"policy":{"expiration":{"passwordExpireDays":0}}},"_links":{"skip":{"name":"skip","href":"https://acme.okta.com/api/v1/authn/skip"}}}`,
	`{"status":"LOCKED_OUT","_embedded":null,"_links":null}`,
}

func TestReadTransactionTolerates(t *testing.T) {
	const verify = `"_links":{"verify":{"href":"https://a/v"}}`
	tests := []struct {
		name, body string
		factors    []string // ids
		remember   bool
		links      string // rel whose first link is wanted
	}{
		{name: "list under factors", body: `{"status":"S","_embedded":{"factors":[{"id":"a"},{"id":"b"}]}}`, factors: []string{"a", "b"}},
		{name: "list under factor", body: `{"status":"S","_embedded":{"factor":[{"id":"a"},{"id":"b"}]}}`, factors: []string{"a", "b"}},
		{name: "object under factors", body: `{"status":"S","_embedded":{"factors":{"id":"a"}}}`, factors: []string{"a"}},
		{name: "factor is nearer than factors", body: `{"status":"S","_embedded":{"factor":{"id":"a"},"factors":[{"id":"b"}]}}`, factors: []string{"a"}},
		{name: "one factor does not fit", body: `{"status":"S","_embedded":{"factors":[{"id":7},"x",null,{"id":"b",` + verify + `}]}}`, factors: []string{"", "b"}},
		{name: "no embedded", body: `{"status":"S"}`},
		{name: "embedded is null", body: `{"status":"S","_embedded":null}`},
		{name: "embedded is a list", body: `{"status":"S","_embedded":[]}`},
		{name: "policy beside a misfit", body: `{"status":"S","_embedded":{"transaction":"x","policy":{"allowRememberDevice":true}}}`, remember: true},
		{name: "links null", body: `{"status":"S","_links":null}`},
		{name: "link is an object", body: `{"status":"S","_links":{"resend":{"name":"sms","href":"h"}}}`, links: "resend"},
		{name: "link is a list", body: `{"status":"S","_links":{"resend":[{"name":"sms","href":"h"}],"other":7}}`, links: "resend"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readTransaction([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, f := range got.Factors {
				ids = append(ids, f.ID)
			}
			if d := cmp.Diff(tt.factors, ids); d != "" {
				t.Error(d)
			}
			if got.AllowRemember != tt.remember {
				t.Errorf("remember %v", got.AllowRemember)
			}
			if l, ok := got.link(tt.links); tt.links != "" && (!ok || l.Href != "h" || l.Name != "sms") {
				t.Errorf("link %v", l)
			}
		})
	}
}

func TestReadTransactionRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON":        `<html>`,
		"list":           `[]`,
		"empty":          ``,
		"no status":      `{"stateToken":"00a"}`,
		"status a list":  `{"status":["SUCCESS"]}`,
		"endless token":  `{"status":"S","stateToken":"` + strings.Repeat("a", flow.MaxToken+1) + `"}`,
		"large":          `{"status":"S","x":"` + strings.Repeat("a", flow.MaxTransaction) + `"}`,
		"token a number": `{"status":"SUCCESS","sessionToken":7}`,
	} {
		if got, err := readTransaction([]byte(body)); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

func TestNumberChallengeZeroIsANumber(t *testing.T) {
	for body, want := range map[string]struct {
		n  int
		ok bool
	}{
		`{"challenge":{"correctAnswer":0}}`:    {0, true},
		`{"challenge":{"correctAnswer":92}}`:   {92, true},
		`{"challenge":{"correctAnswer":null}}`: {0, false},
		`{"challenge":{}}`:                     {0, false},
		`{"challenge":null}`:                   {0, false},
		`{}`:                                   {0, false},
	} {
		tr, err := readTransaction([]byte(`{"status":"MFA_CHALLENGE","_embedded":{"factor":{"id":"opf","_embedded":` + body + `}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := number(tr); n != want.n || ok != want.ok {
			t.Errorf("%s: %d %v", body, n, ok)
		}
	}
}

// TestRecordedTransactions reads the answers that Okta's own sign-in widget is
// tested with. SSOEXCHANGE_CORPUS names the folder they are in.
func TestRecordedTransactions(t *testing.T) {
	root := os.Getenv("SSOEXCHANGE_CORPUS")
	if root == "" {
		root = "../../shared/corpus"
	}
	if _, err := os.Stat(root); err != nil {
		t.Skip("no recorded answers here; set SSOEXCHANGE_CORPUS to their folder")
	}
	files, err := filepath.Glob(filepath.Join(root, "okta", "authn", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", root, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tr, err := readTransaction(body)
		switch {
		case strings.HasPrefix(name, "error-"):
			if e := flow.ReadError(&httpclient.Response{Status: 401, Header: http.Header{}, Body: body}); err != nil && e.Code == "" {
				t.Errorf("%s: neither a transaction nor an error object", name)
			}
			continue
		case err != nil && name != "cancel.json":
			t.Errorf("%s: %v", name, err)
			continue
		case err != nil:
			continue
		}
		if _, known := handlers[tr.Status]; !known && tr.Status != statusSuccess {
			t.Errorf("%s: status %s has no handler", name, tr.Status)
		}
		if name == "mfa-all-factors.json" {
			kinds := map[mfa.Kind]bool{}
			for _, f := range tr.Factors {
				kinds[f.Kind()] = true
			}
			for _, k := range []mfa.Kind{mfa.Push, mfa.TOTP, mfa.SMS, mfa.Call, mfa.Email, mfa.Question, mfa.Token, mfa.Hardware} {
				if !kinds[k] {
					t.Errorf("%s: no factor of kind %s", name, k)
				}
			}
		}
	}
}

func FuzzReadTransaction(f *testing.F) {
	if len(transactions) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range transactions {
		f.Add([]byte(s))
	}
	f.Add([]byte(`{"stAtus":" "}`)) // once passed for a transaction without a status
	f.Fuzz(func(t *testing.T, body []byte) {
		tr, err := readTransaction(body)
		if err != nil {
			return
		}
		if tr.Status == "" || len(tr.Factors) > flow.MaxFactors || tr.Refresh < 0 || tr.Refresh > time.Minute {
			t.Error("out of bounds")
		}
		_, _ = flow.Choose(tr.Factors, flow.FactorChoice{}, nil)
		number(tr)
	})
}

func TestTransactionPrintsNoSecret(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if got := fmt.Sprintf(verb, &transaction{StateToken: "00SECRET", SessionToken: "201SECRET"}); strings.Contains(got, "SECRET") {
			t.Errorf("%s: %s", verb, got)
		}
	}
}
