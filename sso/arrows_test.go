package sso_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ssoexchange/ssoexchange/"

// deps returns all packages that a package links, tests excluded.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", module+pkg).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Fields(string(out))
}

// TestArrows holds the direction of the house: every arrow points down, the
// library links no simulator, no command line and no store, and the simulators are
// a second opinion that knows nothing of the code they judge.
func TestArrows(t *testing.T) {
	for _, tt := range []struct {
		pkg    string
		never  []string // prefixes of import paths that must not be linked
		always []string // and some that must, so that the test cannot pass by a typing error
	}{
		{"sso", []string{module + "fixtures", module + "filestore", module + "redisstore", module + "internal/encrypt", "github.com/redis", "github.com/prometheus", "github.com/coreos", module + "cmd", "github.com/spf13", "filippo.io/age", "github.com/gofrs", "github.com/zalando", "go.yaml.in", module + "mailbox", "github.com/emersion"},
			[]string{module + "config", module + "jira", module + "okta", module + "crowd", module + "cookiejar"}},
		{"config", []string{module + "sso", module + "okta", module + "crowd", module + "saml", module + "mfa", module + "cookiejar"}, []string{module + "internal/autherr"}},
		{"internal/network", []string{module + "sso", module + "okta", module + "crowd", module + "saml", module + "mfa", module + "cookiejar"}, []string{module + "config", module + "internal/httpclient"}},
		{"websso", []string{module + "sso", module + "jira", module + "okta", module + "crowd", module + "config", module + "mfa", module + "internal/network"}, []string{module + "saml", module + "credential"}},
		{"jira", []string{module + "sso", module + "okta", module + "crowd", module + "mfa", module + "internal/network"}, []string{module + "saml", module + "cookiejar", module + "credential", module + "internal/httpclient"}},
		{"okta", []string{module + "sso", module + "crowd"}, []string{module + "saml", module + "mfa"}},
		{"okta/internal/flow", []string{module + "sso", module + "crowd", module + "okta/internal/classic", module + "okta/internal/idx"}, []string{module + "okta/internal/ion"}},
		{"okta/internal/classic", []string{module + "sso", module + "okta/internal/idx"}, []string{module + "okta/internal/flow"}},
		{"okta/internal/idx", []string{module + "sso", module + "okta/internal/classic"}, []string{module + "okta/internal/flow"}},
		{"crowd", []string{module + "sso", module + "okta"}, []string{module + "saml"}},
		{"loginform", []string{module + "sso", module + "okta", module + "crowd", module + "fixtures"},
			[]string{module + "saml", module + "mfa", module + "internal/htmlform"}},
		{"fixtures/loginform", []string{module}, []string{"github.com/crewjam/saml"}},
		{"saml", []string{module + "sso", module + "okta", module + "crowd", module + "mfa", module + "cookiejar", "net/http/cookiejar"}, []string{"github.com/beevik/etree"}},
		{"mfa", []string{module + "sso", module + "okta", module + "saml", module + "cookiejar"}, []string{"github.com/pquerna/otp"}},
		{"passkey", []string{module, "filippo.io/age"}, []string{module + "internal/autherr", "golang.org/x/net/publicsuffix"}},
		{"mailbox", []string{module + "sso", module + "okta", module + "crowd", module + "saml", module + "cookiejar"}, []string{module + "mfa", "github.com/emersion/go-imap/v2"}},
		{"cookiejar", []string{module + "sso", module + "saml", module + "mfa", module + "okta"}, []string{"net/http/cookiejar"}},
		{"filestore", []string{module}, []string{module + "internal/encrypt", module + "internal/openfile", "filippo.io/age"}},
		{"redisstore", []string{module}, []string{module + "internal/encrypt", module + "internal/autherr", module + "internal/openfile", "github.com/redis/go-redis"}},
		{"internal/encrypt", []string{module}, []string{"filippo.io/age"}},
		{"fixtures", []string{module}, []string{"github.com/crewjam/saml"}},
		{"fixtures/oauth", []string{module}, []string{"net/http"}},
		{"fixtures/cloud", []string{module}, []string{module + "fixtures/oauth"}},
		{"fixtures/datacenter", []string{module}, []string{module + "fixtures/oauth"}},
		{"fixtures/backlog", []string{module}, []string{module + "fixtures/oauth"}},
		{"fixtures/oktaapi", []string{module}, []string{module + "fixtures/oauth"}},
		{"fixtures/mail", []string{module}, []string{module + "fixtures/oauth"}},
		{"internal/metrics", []string{module, "github.com/", "google.golang.org/"}, []string{"net/http"}},
		// Prometheus' library and protobuf below it cost every start of every command.
		{"cmd/ssoexchange", []string{"github.com/prometheus", "google.golang.org/protobuf", "github.com/golang/protobuf"}, []string{module + "internal/metrics", module + "sso"}},
	} {
		linked := deps(t, tt.pkg)
		for _, d := range linked {
			if d == module+tt.pkg || strings.HasPrefix(tt.pkg, "fixtures") && strings.HasPrefix(d, module+"fixtures/") {
				continue
			}
			for _, bad := range tt.never {
				if strings.HasPrefix(d, bad) && !slices.Contains(tt.always, d) {
					t.Errorf("%s links %s", tt.pkg, d)
				}
			}
		}
		for _, want := range tt.always {
			if !slices.ContainsFunc(linked, func(d string) bool { return strings.HasPrefix(d, want) }) {
				t.Errorf("%s does not link %s: is the test looking at the right package?", tt.pkg, want)
			}
		}
	}
}

// TestSignaturePin guards the version of the signature library: earlier ones
// accept forged signatures (CVE-2026-33487), and crewjam/saml asks for one.
func TestSignaturePin(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/russellhaering/goxmldsig").Output()
	if err != nil {
		t.Fatal(err)
	}
	if v := strings.TrimSpace(string(out)); v < "v1.6.1" || strings.HasPrefix(v, "v1.1") {
		t.Errorf("goxmldsig %s, want at least v1.6.1", v)
	}
}
