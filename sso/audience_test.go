package sso_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/fixtures"
	"github.com/ssoexchange/ssoexchange/saml"
	"github.com/ssoexchange/ssoexchange/sso"
)

// connections of a World by scheme, for tables.
var connections = map[string]func(*fixtures.World, ...string) string{
	"Okta": func(w *fixtures.World, props ...string) string {
		return w.OktaConnection(append([]string{"User=passwordonly@example.com"}, props...)...)
	},
	"Okta at the SP": func(w *fixtures.World, props ...string) string {
		return w.OktaConnection(append([]string{"User=passwordonly@example.com", "SSOFlow=SPInitiated"}, props...)...)
	},
	"Crowd": (*fixtures.World).CrowdConnection,
}

// setEntityID gives the SP an entity ID, and the IdPs the audience for it.
func setEntityID(w *fixtures.World, entityID, audience string) {
	w.Jira.Configure(func(c *fixtures.JiraConfig) { c.EntityID = entityID })
	w.Okta.ChangeApp(func(a *fixtures.App) { a.EntityID = audience })
	w.Crowd.AddApplication(fixtures.CrowdApp{Name: w.AppName, Password: w.AppPassword, EntityID: audience, ACS: w.Jira.ACS(), SSO: true})
}

func consumerPosts(w *fixtures.World) int {
	return w.Net.Count("jira.example.com", "POST", "/plugins/servlet/")
}

// TestEntityIDOfItsOwn: what an SP calls itself is its own business.
func TestEntityIDOfItsOwn(t *testing.T) {
	for scheme, connection := range connections {
		for _, id := range []string{
			"https://sp.other.example.org", "https://sso.example.com/jira", "http://jira.example.com", "https://jira.example.com/",
			"https://jira.example.com:8443", "urn:amazon:cognito:sp:x", "jira", "https://JIRA.example.com", "https://10.0.0.7/saml",
		} {
			t.Run(scheme+" "+id, func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				setEntityID(w, id, id)
				if _, err := open(t, connection(w, ca), opts).Session(t.Context()); err != nil {
					t.Errorf("%v: %s", err, sso.Hint(err))
				}
				if n := consumerPosts(w); n != 1 {
					t.Errorf("%d assertions posted, want 1", n)
				}
			})
		}
	}
}

// TestAudienceMismatch: it is posted, once, and the SP's refusal names what does not fit.
func TestAudienceMismatch(t *testing.T) {
	for scheme, connection := range connections {
		for _, tt := range []struct{ audience, vendor, props, want string }{
			{audience: "https://other.example.org", want: "https://jira.example.com"},
			{audience: "https://jira.example.com/", want: "https://jira.example.com"},
			{audience: "urn:jira", want: "https://jira.example.com"},
			{audience: "http://jira.example.com", want: "https://jira.example.com"},
			{audience: "https://other.example.org", props: "SSOAudience=https://jira.example.com", want: "https://jira.example.com"},
			{audience: "https://other.example.org", vendor: "resolution", want: "jira.example.com"},
		} {
			t.Run(scheme+" "+tt.audience+" "+tt.props+tt.vendor, func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				if tt.vendor != "" {
					w.Jira.Configure(func(c *fixtures.JiraConfig) { c.Vendor = fixtures.VendorResolution })
				}
				setEntityID(w, "", w.Jira.EntityID())
				w.Okta.ChangeApp(func(a *fixtures.App) { a.ACS = w.Jira.ACS() })
				props := []string{ca, tt.props}
				switch {
				case scheme == "Okta":
					w.Okta.ChangeApp(func(a *fixtures.App) { a.EntityID = tt.audience })
				case tt.audience != "https://other.example.org":
					t.Skip("an IdP that was asked looks its application up by what the SP calls itself")
				default:
					w.Okta.SetFault(fixtures.FaultAudience)
					w.Crowd.SetFault(fixtures.FaultAudience)
					if tt.vendor != "" && scheme == "Crowd" {
						props = append(props, "SSOStartURL="+w.Jira.ACS()+"?idp=Crowd")
					}
				}
				_, err := open(t, connection(w, props...), opts).Session(t.Context())
				var refused *sso.RefusedError
				if !errors.As(err, &refused) || refused.Cause != sso.CauseAudience || !errors.Is(err, sso.ErrExchangeRefused) {
					t.Fatalf("error %v, want a *RefusedError about the audience", err)
				}
				if text := err.Error(); !strings.Contains(text, tt.audience) || !strings.Contains(text, tt.want) || refused.Mismatch == nil || refused.Mismatch.Field != "Audience" {
					t.Errorf("the error does not name %q and %q: %s", tt.audience, tt.want, text)
				}
				if sso.Hint(err) == "" || consumerPosts(w) != 1 {
					t.Errorf("hint %q, %d assertions posted", sso.Hint(err), consumerPosts(w))
				}
			})
		}
	}
}

// TestStillGuarded: the assertion never leaves for an SP that is not the configured one.
func TestStillGuarded(t *testing.T) {
	for scheme, connection := range connections {
		for fault, field := range map[fixtures.Fault]string{
			fixtures.FaultForeignAction: "Action", fixtures.FaultPlainAction: "Action",
			fixtures.FaultDestination: "Destination", fixtures.FaultRecipient: "Recipient",
		} {
			t.Run(scheme+" "+string(fault), func(t *testing.T) {
				t.Parallel()
				w, opts, ca := world(t)
				w.Okta.SetFault(fault)
				w.Crowd.SetFault(fault)
				// Even where the audience is whatever it likes.
				_, err := open(t, connection(w, ca, "SSOAudience=https://anything.example"), opts).Session(t.Context())
				var mismatch *saml.CheckError
				if !errors.As(err, &mismatch) || mismatch.Field != field || !errors.Is(err, sso.ErrBadAnswer) {
					t.Errorf("error %v, want a *saml.CheckError about %s", err, field)
				}
				if n := consumerPosts(w); n != 0 {
					t.Errorf("%d assertions posted", n)
				}
				for _, r := range w.Net.Requests() {
					if strings.Contains(r.Host, "other.example.org") {
						t.Errorf("a request went to %s", r.Host)
					}
				}
			})
		}
	}
}
