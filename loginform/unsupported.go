package loginform

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/htmlform"
	"github.com/ssoexchange/ssoexchange/internal/lazyregexp"
)

const (
	hintNegotiate = "have the administrator offer forms to this client: at AD FS take its user agent out of " +
		"WIASupportedUserAgents, " +
		"at Keycloak set Kerberos in the browser flow to Alternative"
	hintPasskey = "have the administrator allow this account a password with a one-time code (TOTP), or exempt it " +
		"from passkeys"
	hintScript = "no client without a browser can fill it in: use a personal access token of the service provider, " +
		"or an identity provider with a form"
	hintEntra = "Entra ID's pages need a browser: use a personal access token of the service provider, or have " +
		"the administrator federate the account's domain " +
		"to an identity provider with a form (AD FS, PingFederate), or give the account one that is not Entra's"
	hintGoogle = "Google lets only browsers sign in, and its captcha cannot be switched off: use a personal access " +
		"token of the service provider, or another identity provider"
	hintCaptcha = "have the administrator exempt this account or this machine's address from the captcha; nothing " +
		"secret was sent"
)

// refusal is a page, or host, that no client without a browser gets past.
type refusal struct{ text, hint string }

// refusedHosts are hosts, or their parents, whose pages are of this kind.
var refusedHosts = []struct {
	host string
	refusal
}{
	{"accounts.google.com", refusal{"Google's sign-in needs a browser", hintGoogle}},
	{"login.microsoftonline.com", refusal{"Entra ID's sign-in needs a browser", hintEntra}},
	{"login.microsoftonline.us", refusal{"Entra ID's sign-in needs a browser", hintEntra}},
	{"login.live.com", refusal{"Microsoft's sign-in needs a browser", hintEntra}},
	{"duosecurity.com", refusal{"Duo's prompt needs a browser",
		"have the administrator allow this account another second factor: a one-time code (TOTP) or a mailed one"}},
}

// refusedHost returns the error of an address that leads to such a host, nil for others.
func refusedHost(u *url.URL) error {
	host := strings.ToLower(u.Hostname())
	for _, r := range refusedHosts {
		if host == r.host || strings.HasSuffix(host, "."+r.host) {
			return autherr.New(autherr.ErrUnsupported, "loginform: the sign-in goes on at "+host+": "+r.text, r.hint)
		}
	}
	return nil
}

// entraStep is the name of the page in the settings of Entra ID's script.
var entraStep = lazyregexp.New(`"pgid"\s*:\s*"([A-Za-z0-9]{1,40})"`)

// refusedPage recognises a page that must not be filled in, nil for others.
func refusedPage(p *page) *refusal {
	if bytes.Contains(p.Body, []byte("$Config=")) || bytes.Contains(p.Body, []byte("$Config =")) {
		step := ""
		if m := entraStep().FindSubmatch(p.Body); m != nil {
			step = " (" + string(m[1]) + ")"
		}
		return &refusal{"a page of Entra ID, which a script draws" + step, hintEntra}
	}
	if hasCaptcha(p) {
		return &refusal{"the page has a captcha", hintCaptcha}
	}
	return nil
}

// captchaElements and captchaSources are what the common captchas put into a page.
const captchaElements = ".g-recaptcha, .h-captcha, .cf-turnstile, .frc-captcha, #captcha, #recaptcha, #captchaimg"

var captchaSources = []string{"/recaptcha/", "hcaptcha.com", "challenges.cloudflare.com", "friendlycaptcha",
	"arkoselabs.com", "funcaptcha", "geetest.com"}

// hasCaptcha reports whether a page asks to prove that a person is there. Only pages that
// have something to type into do.
func hasCaptcha(p *page) bool {
	if !slices.ContainsFunc(p.forms, asks) {
		return false
	}
	for _, f := range p.forms {
		for _, x := range f.Fields {
			if strings.Contains(strings.ToLower(x.Name+" "+x.ID), "captcha") {
				return true
			}
		}
	}
	for _, src := range htmlform.Sources(p.Body) {
		for _, part := range captchaSources {
			if strings.Contains(strings.ToLower(src), part) {
				return true
			}
		}
	}
	return htmlform.Has(p.Body, captchaElements)
}

// needsKey reports whether f is the form of a passkey or a security key.
func needsKey(f htmlform.Form) bool {
	for _, x := range f.Fields {
		switch strings.ToLower(x.Name) {
		case "clientdatajson", "authenticatordata":
			return true
		}
	}
	id := strings.ToLower(f.ID)
	return id == "webauth" || strings.Contains(id, "webauthn")
}

// maxShell is how many characters of text a page has at most that is only the frame of an
// application.
const maxShell = 200

// scriptOnly reports whether a page without forms has little more than a script.
func scriptOnly(p *page) bool {
	if !bytes.Contains(bytes.ToLower(p.Body), []byte("<script")) {
		return false
	}
	text := strings.ToLower(htmlform.Text(p.Body, "body"))
	return len(text) < maxShell && (p.Status == http.StatusOK && len(text) < maxShell/4 || strings.Contains(text,
		"javascript") || htmlform.Has(p.Body, "#root, #app, ak-flow-executor"))
}

// schemesOf names the schemes of WWW-Authenticate.
func schemesOf(h http.Header) string {
	var names []string
	for _, v := range h.Values("WWW-Authenticate") {
		name, _, _ := strings.Cut(strings.TrimSpace(v), " ")
		if name = strings.TrimSuffix(name, ","); len(name) <= 20 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
