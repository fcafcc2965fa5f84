//go:build linux

package main

import "github.com/ssoexchange/ssoexchange/fixtures"

// walk is one way of signing in, as the list of its requests.
type walk struct {
	name    string
	idp     string   // okta, oie or crowd
	props   []string // of the connection string; {mail} is the file with the newest code
	form    bool     // Crowd: without an application
	totp    bool     // the code of an app is given
	approve int      // a push is approved once so many of its requests were answered
	factors []fixtures.Factor
	stored  stored // what an earlier sign-in has left
	rows    []row
}

// stored is what is there before the command that a fault strikes.
type stored int

const (
	nothing  stored = iota
	alive           // a session that lives
	idpsOnly        // a session that the SP has ended; the identity provider's lives
)

// mail reports whether a code is mailed.
func (k *walk) mail() bool { return len(k.factors) > 0 && k.factors[0].Type == fixtures.FactorEmail }

// row is a step: one request, or the connection that comes before a host's first one.
type row struct {
	name         string // "" is a request that another walk's row stands for
	host         string
	method, path string // path as for path.Match; method "" is the connection
	step         string // that an error must name
	sent         string // the secret that may have arrived when the answer is lost
	safe         bool   // may be asked again in the same sign-in, as it carries nothing that works once
	alone        bool   // not from the answer of the row before it on: from the start
	patience     bool   // a person is waited for meanwhile: MFATimeout counts, not Timeout
	noBody       bool   // the answer is a redirect without a body: nothing could be missing
	crowded      bool   // others may be under way at the same time: only its answer can be struck
	beside       bool   // beside the password: what happens to one may happen to the other
}

// Requests that several walks have in common.
var (
	acs       = row{host: jira, method: "POST", path: "/plugins/servlet/samlconsumer", step: "exchange"}
	check     = row{host: jira, method: "GET", path: "/rest/api/2/myself", step: "verify"}
	present   = row{host: jira, method: "GET", path: check.path, step: "verify", safe: true, alone: true}
	authn     = row{host: okta, method: "POST", path: "/api/v1/authn", step: "login"}
	verify    = row{host: okta, method: "POST", path: "/api/v1/authn/factors/*/verify", step: "mfa"}
	redeem    = row{host: okta, method: "GET", path: "/home/jira/*/*", step: "assertion"}
	link      = row{host: oie, method: "GET", path: "/home/jira/*/*", step: "start", safe: true}
	inspect   = row{host: oie, method: "POST", path: "/idp/idx/introspect", step: "login"}
	identify  = row{host: oie, method: "POST", path: "/idp/idx/identify", step: "login"}
	challenge = row{host: oie, method: "POST", path: "/idp/idx/challenge", step: "mfa"}
	answers   = row{host: oie, method: "POST", path: "/idp/idx/challenge/answer", step: "login"}
	enter     = row{host: oie, method: "GET", path: "/login/token/redirect", step: "assertion"}
	options   = row{host: jira, method: "GET", path: "/rest/authconfig/1.0/login-options", step: "start", safe: true, alone: true}
	external  = row{host: jira, method: "GET", path: "/plugins/servlet/external-login/*", step: "start", safe: true, noBody: true}
	poll      = row{host: oie, method: "POST", path: "/idp/idx/authenticators/poll", step: "mfa"}
	console   = row{host: crowd, method: "GET", path: "/crowd/console/secure/saml/sso.action", step: "assertion", safe: true}
)

// as makes a row of a request: this walk's cells are played.
func (r row) as(name, sent string) row {
	r.name, r.sent = name, sent
	return r
}

func (r row) at(step string) row {
	r.step = step
	return r
}

// connect is the row of the connection to a host, whose first request is first.
func connect(name string, first row) row {
	return row{name: name, host: first.host, step: first.step, safe: true, alone: true}
}

// among is a row whose request may leave before the others have been answered.
func (r row) among() row {
	r.crowded = true
	return r
}

// waiting is a row during which a person is waited for.
func (r row) waiting() row {
	r.patience, r.safe = true, true
	return r
}

var phone = []fixtures.Factor{{Type: fixtures.FactorPush, Name: "Phone"}}

// walks are all ways of signing in, and of not having to. A request that several have
// in common has its row in one of them, where nothing stands between.
var walks = []*walk{
	{name: "Okta Classic", idp: okta, props: []string{"OktaEngine=Classic"}, rows: []row{
		connect("connection to Jira", present),
		present.as("is it Jira that answers?", ""),
		connect("connection to Okta", authn),
		authn.as("user name and password", "password"),
		redeem.as("app link with the session token", "session token"),
		{name: "assertion to Jira", host: jira, method: "POST", path: acs.path, step: "exchange", sent: "assertion", noBody: true},
		{name: "session check", host: jira, method: "GET", path: check.path, step: "verify", safe: true},
	}},
	{name: "Okta, engine not known", idp: okta, rows: []row{
		present,
		{name: "app link", host: okta, method: "GET", path: redeem.path, step: "start", safe: true, noBody: true},
		{name: "sign-in page", host: okta, method: "GET", path: "/login/login.htm", step: "start", safe: true},
		authn, redeem, acs, check,
	}},
	{name: "Okta Classic, app code", idp: okta, totp: true, factors: []fixtures.Factor{{Type: fixtures.FactorTOTP}},
		props: []string{"OktaEngine=Classic", "MFAType=OktaVerifyTOTP"}, rows: []row{
			present, authn,
			verify.as("code of the app", "code"),
			redeem, acs, check,
		}},
	{name: "Okta Classic, mail", idp: okta, factors: []fixtures.Factor{{Type: fixtures.FactorEmail}},
		props: []string{"OktaEngine=Classic", "MFAType=Email", "MFACommand=cat '{mail}'"}, rows: []row{
			present, authn,
			verify.as("asking for the mail", "message"),
			verify.as("code of the mail", "code"),
			redeem, acs, check,
		}},
	{name: "Okta Classic, push", idp: okta, approve: 1, factors: phone,
		props: []string{"OktaEngine=Classic", "MFAType=OktaVerify"}, rows: []row{
			present, authn,
			verify.as("asking for the push", "push"),
			verify.as("poll: the yes", "").waiting(),
			redeem, acs, check,
		}},
	{name: "Okta Classic, push, later", idp: okta, approve: 2, factors: phone,
		props: []string{"OktaEngine=Classic", "MFAType=OktaVerify"}, rows: []row{
			present, authn, verify,
			verify.as("poll: still waiting", "").waiting(),
			verify, redeem, acs, check,
		}},
	{name: "Okta Classic, from Jira", idp: okta, props: []string{"OktaEngine=Classic", "SSOFlow=SPInitiated"}, rows: []row{
		options.as("Jira's login options", ""),
		external.as("Jira's request", ""),
		authn,
		{name: "request with the session token", host: okta, method: "GET", path: "/app/jira/*/sso/saml", step: "assertion", sent: "session token"},
		acs, check,
	}},
	{name: "Okta IDX", idp: oie, rows: []row{
		present,
		link.as("app link", ""),
		inspect.as("introspect", ""),
		identify.as("user name", ""),
		answers.as("password", "password"),
		enter.as("success address", "state token"),
		acs, check,
	}},
	{name: "Okta IDX, app code", idp: oie, totp: true, factors: []fixtures.Factor{{Type: fixtures.FactorTOTP}},
		props: []string{"MFAType=OktaVerifyTOTP"}, rows: []row{
			present, link, inspect, identify, answers,
			challenge.as("choice of the factor", ""),
			answers.at("mfa").as("code of the app", "code"),
			enter, acs, check,
		}},
	{name: "Okta IDX, mail", idp: oie, factors: []fixtures.Factor{{Type: fixtures.FactorEmail}},
		props: []string{"MFAType=Email", "MFACommand=cat '{mail}'"}, rows: []row{
			present, link, inspect, identify, answers,
			challenge.as("asking for the mail", "message"),
			answers.at("mfa").as("code of the mail", "code"),
			enter, acs, check,
		}},
	{name: "Okta IDX, push", idp: oie, approve: 1, factors: phone, props: []string{"MFAType=OktaVerify"}, rows: []row{
		present, link, inspect, identify, answers,
		challenge.as("asking for the push", "push"),
		poll.as("poll: the yes", "").waiting(),
		enter, acs, check,
	}},
	{name: "Okta IDX, push, later", idp: oie, approve: 2, factors: phone, props: []string{"MFAType=OktaVerify"}, rows: []row{
		present, link, inspect, identify, answers, challenge,
		poll.as("poll: still waiting", "").waiting(),
		poll, enter, acs, check,
	}},
	{name: "Crowd, REST", idp: crowd, rows: []row{
		options, external, external,
		connect("connection to Crowd", row{host: crowd, step: "login"}),
		row{host: crowd, method: "POST", path: "/crowd/rest/usermanagement/1/session", step: "login", alone: true}.as("new session", "password"),
		{name: "name of the cookie", host: crowd, method: "GET", path: "/crowd/rest/usermanagement/1/config/cookie", step: "login", safe: true, crowded: true, beside: true},
		console.as("console with the token", "").among(),
		acs, check,
	}},
	{name: "Crowd, REST, from Crowd", idp: crowd, props: []string{"SSOFlow=IdPInitiated"}, rows: []row{
		present,
		{host: crowd, method: "POST", path: "/crowd/rest/usermanagement/1/session"},
		{host: crowd, method: "GET", path: "/crowd/rest/usermanagement/1/config/cookie"},
		console.as("console without a request", "").among(),
		acs, check,
	}},
	{name: "Crowd, login form", idp: crowd, form: true, rows: []row{
		options.as("Jira's login options", ""),
		external.as("Jira's request to another", ""),
		external.as("Jira's request", ""),
		console.as("login page", ""),
		row{host: crowd, method: "POST", path: "/crowd/console/j_security_check", step: "login", noBody: true}.as("login form", "password"),
		console.at("login").as("page after the login", ""),
		acs, check,
	}},
	{name: "Okta Classic, session stored", idp: okta, stored: alive, props: []string{"OktaEngine=Classic"}, rows: []row{
		{name: "session check", host: jira, method: "GET", path: check.path, step: "verify", safe: true, alone: true},
	}},
	{name: "Okta Classic, session ended", idp: okta, stored: idpsOnly, props: []string{"OktaEngine=Classic"}, rows: []row{
		{name: "session check", host: jira, method: "GET", path: check.path, step: "verify", safe: true, alone: true},
		{name: "session check, second look", host: jira, method: "GET", path: check.path, step: "verify", safe: true},
		{name: "app link with the session", host: okta, method: "GET", path: redeem.path, step: "start", safe: true},
		acs, check,
	}},
	{name: "Okta IDX, session ended", idp: oie, stored: idpsOnly, rows: []row{
		check, check,
		link.as("app link with the session", ""),
		acs, check,
	}},
}
