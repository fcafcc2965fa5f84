package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
)

// fieldRig is a [jiraLab] and the program, with nobody to ask and one store.
type fieldRig struct {
	*testing.T
	*fixtures.World
	ca    string
	store string // "--store"; "" is what the environment says
}

func newFieldRig(t *testing.T) *fieldRig {
	t.Helper()
	w, ca := jiraLab(t, nil)
	return &fieldRig{T: t, World: w, ca: ca, store: "file:" + filepath.Join(t.TempDir(), "state")}
}

// okta and crowd are connections to the two identity providers.
func (r *fieldRig) okta(props ...string) string {
	return r.OktaConnection(append([]string{"SSLServerCert=" + r.ca}, props...)...)
}

func (r *fieldRig) crowd(props ...string) string {
	return r.CrowdConnection(append([]string{"SSLServerCert=" + r.ca}, props...)...)
}

// run runs a command and looks for secrets in what it prints for people.
func (r *fieldRig) run(connection string, args ...string) outcome {
	r.Helper()
	var stdout, stderr bytes.Buffer
	if args = append(args, "--json", "--no-input", "-c", connection); r.store != "" {
		args = append(args, "--store", r.store)
	}
	status := run(args, strings.NewReader(""), &stdout, &stderr)
	for _, secret := range r.Secrets() {
		if len(secret) >= 8 && strings.Contains(stderr.String(), secret) {
			r.Errorf("%v: a secret of %d bytes is printed", args[0], len(secret))
		}
	}
	return told(status, stdout.String(), stderr.String())
}

// want checks the exit status, and for errors words of the message and of the hint.
func (r *fieldRig) want(o outcome, status int, message, hint string) {
	r.Helper()
	said := strings.Contains(o.message, message) && strings.Contains(o.hint, hint) && (status == 0 || o.hint != "")
	if o.status != status || !said {
		r.Errorf("exit %d, %q, hint %q; want exit %d, %q, hint %q\n%s (Jira: %s)",
			o.status, o.message, o.hint, status, message, hint, o.stderr, r.Jira.LastRefusal())
	}
}

// passwords is how often the user's password was posted.
func (r *fieldRig) passwords() int {
	return r.Okta.Attempts(r.User) + r.Crowd.PasswordAttempts(r.User)
}

// rewrite has the answers of the host whose name begins so go through change, which may
// alter status, header and body.
func (r *fieldRig) rewrite(host string, change func(a *fixtures.Answer)) {
	r.Net.Rewrite(func(a *fixtures.Answer) {
		if strings.HasPrefix(a.Host, host) {
			change(a)
		}
	})
}
