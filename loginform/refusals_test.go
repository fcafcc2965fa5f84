package loginform_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/loginform"
	"github.com/ssoexchange/ssoexchange/mfa"
)

// refusals are pages after which the password, or nothing secret, has left, and no response came.
var refusals = []pageCase{
	{name: "wrong password: the same form", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(`<div class="error">Falsches Kennwort, jdoe</div>` + plainForm))},
		kind: autherr.ErrCredentials, text: `"Falsches Kennwort, …"`, password: once},
	{name: "wrong password without a word, new token", pages: map[string][]answer{idp + "/sso": one(html(lemon),
		html(strings.ReplaceAll(lemon, "t1", "t2")))},
		kind: autherr.ErrCredentials, text: "message 9", password: once},
	{name: "wrong password by redirect to another address of the form", pages: map[string][]answer{idp +
		"/sso": one(html(keycloak)),
		idp + "/realms/r/login-actions/authenticate": one(answer{to: "/again"}), idp +
			"/again": one(html(keycloak))}, kind: autherr.ErrCredentials, password: once},
	{name: "wrong password with status 401 (CAS)", pages: map[string][]answer{idp +
		"/sso": one(answer{to: "/cas/login"}), "GET " + idp + "/cas/login": one(html(cas)),
		"POST " + idp + "/cas/login": one(answer{status: 401,
			body: `<div id="loginErrorsPanel">Invalid credentials.</div>` + cas})}, kind: autherr.ErrCredentials,
		text: "Invalid credentials.", password: once},
	{name: "wrong password: the page of the user name again", pages: map[string][]answer{
		idp + "/sso": one(html(`<form method="post" action="/user"><input name="identifier"></form>`)), idp +
			"/user": one(html(`<form method="post" action="/login"><input type="password" name="pw"></form>`)),
		idp + "/login": one(html(`<form method="post" action="/user"><input name="identifier"></form>`))},
		kind: autherr.ErrCredentials, password: once},
	{name: "unknown user", pages: map[string][]answer{idp +
		"/sso": one(html(`<form method="post" action="/sso"><input name="identifier"></form>`))},
		kind: autherr.ErrCredentials, text: "user name again"},
	{name: "password must be changed", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(passwordUpdate))}, kind: autherr.ErrCredentials, text: "must be changed", password: once},
	{name: "a change of password is no login", pages: map[string][]answer{idp + "/sso": one(html(passwordUpdate))},
		kind: autherr.ErrBadAnswer},
	{name: "profile to be completed", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(`<form method="post"><input name="username" value="jdoe"><input type="email" ` +
		`name="email" required><input name="firstName"></form>`))},
		kind: autherr.ErrExchangeRefused, password: once},
	{name: "consent: the first button says no", pages: map[string][]answer{idp + "/sso": one(html(shibLogin)),
		idp + "/idp/profile/SAML2/Redirect/SSO": one(html(shibConsent), answer{status: 500})},
		kind: autherr.ErrPassCodeNeeded, text: `_eventId_proceed=Accept`, password: once},
	{name: "consent of SimpleSAMLphp: two GET forms", pages: map[string][]answer{idp + "/sso": one(html(plainForm)),
		idp + "/login": one(html(`<form action="/module.php/consent/getconsent.php"><input type="submit" name="yes" ` +
			`value="Yes"><input type="hidden" name="StateId" value="s"><input type="checkbox" name="saveconsent" ` +
			`value="1"></form>` +
			`<form action="/module.php/consent/noconsent.php"><input type="hidden" name="StateId" value="s"><input ` +
			`type="submit" name="no" value="No"></form>`))}, kind: autherr.ErrPassCodeNeeded, text: "yes=Yes",
		password: once},
	{name: "terms with one button", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(`<form method="post" action="/terms"><input type="checkbox" name="agree" required>` +
		`<button name="go" value="1">Go</button></form>`))},
		kind: autherr.ErrPassCodeNeeded, password: once},
	{name: "choice of a second factor that nobody made", pages: map[string][]answer{idp +
		"/sso": one(html(plainForm)), idp + "/login": one(html(`<form method="post" action="/2fchoice"><button ` +
		`name="sf" value="totp"></button><button name="sf" value="mail"></button></form>`))},
		kind: autherr.ErrConfig, text: "sf=totp, sf=mail", password: once},
	{name: "several login forms", pages: map[string][]answer{idp + "/sso": one(html(choiceForm("/a", "1_Staff") +
		choiceForm("/b", "2_Partners")))}, kind: autherr.ErrConfig, text: "lmAuth=2_Partners"},
	{name: "two fields for the user name", pages: map[string][]answer{idp +
		"/sso": one(html(`<form method="post" action="/login"><input name="login"><input name="user"><input ` +
		`type="password" name="p"></form>`))}, kind: autherr.ErrConfig, text: "login, user"},
	{name: "captcha field", pages: map[string][]answer{idp + "/sso": one(html(strings.Replace(lemon, "<button",
		`<input name="captcha" required><button`, 1)))}, kind: autherr.ErrUnsupported, text: "captcha"},
	{name: "captcha without a word for it", pages: map[string][]answer{idp +
		"/sso": one(html(strings.Replace(lemon, "<button", `<img src="data:image/png;base64,x"><input name="x1" `+
		`type="text" required><button`, 1)))}, kind: autherr.ErrUnsupported, text: "x1"},
	{name: "captcha of a script", pages: map[string][]answer{idp +
		"/sso": one(html(`<script src="https://www.google.com/recaptcha/api.js"></script>` + plainForm))},
		kind: autherr.ErrUnsupported, text: "captcha"},
	{name: "captcha element", pages: map[string][]answer{idp + "/sso": one(html(`<div class="x h-captcha"></div>` +
		plainForm))}, kind: autherr.ErrUnsupported, text: "captcha"},
	{name: "Entra ID", pages: map[string][]answer{idp + "/sso": one(html(`<script>` +
		`$Config={"pgid":"ConvergedSignIn","urlPost":"x"};</script><form method="post"><input name="loginfmt">` +
		`<input type="password" name="passwd"></form>`))}, kind: autherr.ErrUnsupported, text: "ConvergedSignIn"},
	{name: "Entra ID by redirect", pages: map[string][]answer{idp +
		"/sso": one(answer{to: "https://login.microsoftonline.com/t/saml2"})}, kind: autherr.ErrUnsupported,
		text: "Entra ID"},
	{name: "Google", pages: map[string][]answer{idp +
		"/sso": one(answer{to: "https://accounts.google.com/o/saml2"})}, kind: autherr.ErrUnsupported, text: "Google"},
	{name: "application drawn by a script (Authentik)", pages: map[string][]answer{idp +
		"/sso": one(html(`<script src="/flow.js"></script><ak-flow-executor></ak-flow-executor>`))},
		kind: autherr.ErrUnsupported, text: "script"},
	{name: "parts loaded by a script (NetIQ)", pages: map[string][]answer{idp +
		"/sso": one(html(`<script>getToContent('/nidp/app/login?id=1','x')</script>`))},
		kind: autherr.ErrUnsupported, text: "script"},
	{name: "Negotiate only", pages: map[string][]answer{idp + "/sso": one(answer{status: 401,
		header: http.Header{"Www-Authenticate": {"Negotiate", "NTLM"}}, body: "<h1>401</h1>"})},
		kind: autherr.ErrUnsupported, text: "Negotiate, NTLM"},
	{name: "passkey", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(`<form id="webauth" method="post" action="/w"><input type="hidden" name="clientDataJSON">` +
		`<input type="hidden" name="authenticatorData"></form>`))}, kind: autherr.ErrUnsupported, text: "passkey",
		password: once},
	{name: "login form that posts to a foreign origin", pages: map[string][]answer{idp +
		"/sso": one(html(strings.Replace(plainForm, `"/login"`, `"https://evil.example.net/login"`, 1)))},
		kind: autherr.ErrConfig, text: "evil.example.net"},
	{name: "login form that posts to another origin that may be visited", pages: map[string][]answer{idp +
		"/sso": one(html(strings.Replace(plainForm, `"/login"`, `"https://mfa.example.com/login"`, 1)))},
		setup: func(c *loginform.Client) { c.SecretHosts = []string{"mfa.example.com"} },
		kind:  autherr.ErrBadAnswer, text: "mfa.example.com"},
	{name: "login form with GET", pages: map[string][]answer{idp + "/sso": one(html(strings.Replace(plainForm,
		"post", "get", 1)))}, kind: autherr.ErrBadAnswer, text: "GET"},
	{name: "button that sends by GET", pages: map[string][]answer{idp + "/sso": one(html(strings.Replace(plainForm,
		"<button>", `<button formmethod="get">`, 1)))}, kind: autherr.ErrBadAnswer, text: "GET"},
	{name: "button that posts elsewhere", pages: map[string][]answer{idp +
		"/sso": one(html(strings.Replace(plainForm, "<button>", `<button formaction="https://evil.example.net/">`,
		1)))}, kind: autherr.ErrConfig, text: "evil.example.net"},
	{name: "login form over http", pages: map[string][]answer{idp + "/sso": one(html(strings.Replace(plainForm,
		`"/login"`, `"http://idp.example.com/login"`, 1)))}, kind: autherr.ErrBadAnswer, text: "not https"},
	{name: "multipart", pages: map[string][]answer{idp + "/sso": one(html(strings.Replace(plainForm, "<form",
		`<form enctype="multipart/form-data"`, 1)))}, kind: autherr.ErrUnsupported, text: "multipart"},
	{name: "password asked for at a host that may be visited only", pages: map[string][]answer{idp +
		"/sso": one(answer{to: "https://adfs.example.com/in"}), "https://adfs.example.com/in": one(html(plainForm))},
		setup: func(c *loginform.Client) { c.Hosts = []string{"adfs.example.com"} }, kind: autherr.ErrConfig,
		text: "may not see it"},
	{name: "redirect to a foreign host", pages: map[string][]answer{idp +
		"/sso": one(answer{to: "https://other.example.org/x?secret=1"})}, kind: autherr.ErrConfig,
		text: "https://other.example.org"},
	{name: "redirect that would repeat the password", pages: map[string][]answer{idp +
		"/sso": one(html(plainForm)), idp + "/login": one(answer{status: 307, to: "/other"})},
		kind: autherr.ErrBadAnswer, text: "repeat", password: once},
	{name: "redirect loop", pages: map[string][]answer{idp + "/sso": one(answer{to: "/sso"})},
		kind: autherr.ErrBadAnswer, text: "redirects in a row"},
	{name: "form loop", pages: map[string][]answer{idp + "/sso": one(html(shibStorage)), idp +
		"/idp/profile/SAML2/Redirect/SSO": one(html(shibStorage))}, kind: autherr.ErrBadAnswer,
		text: "again and again"},
	{name: "refresh loop", pages: map[string][]answer{idp +
		"/sso": one(html(`<meta http-equiv="refresh" content="0; url=/sso">`))}, kind: autherr.ErrBadAnswer,
		text: "again and again"},
	{name: "response for another service provider", pages: map[string][]answer{idp +
		"/sso": one(handOver("https://jira.example.org/plugins/servlet/samlconsumer"))},
		kind: autherr.ErrBadAnswer, text: "jira.example.org"},
	{name: "response for another address of the service provider", pages: map[string][]answer{idp +
		"/sso": one(handOver("https://jira.example.com/other"))}, kind: autherr.ErrBadAnswer,
		text: "jira.example.com/other"},
	{name: "response with a status", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(`<form method="post" action="` + acs +
		`"><input name="SAMLResponse" type="hidden" value="` + encoded("Responder") + `"></form>`))},
		kind: autherr.ErrExchangeRefused, text: "Responder", password: once},
	{name: "back at the service provider without a response", pages: map[string][]answer{idp +
		"/sso": one(answer{to: "https://jira.example.com/secure/"})}, kind: autherr.ErrExchangeRefused,
		text: "without a response"},
	{name: "page expired, two links and no form", pages: map[string][]answer{idp + "/sso": one(html(plainForm)),
		idp + "/login": one(html(`<h1>Page has expired</h1><a id="loginRestartLink" href="/r">restart</a><a ` +
			`id="loginContinueLink" href="/c">continue</a>`))},
		kind: autherr.ErrExchangeRefused, text: "Page has expired", password: once},
	{name: "unknown service provider", pages: map[string][]answer{idp +
		"/sso": one(html(`<h2>Metadata not found</h2>`))}, kind: autherr.ErrBadAnswer, text: "Metadata not found"},
	{name: "no such page", pages: map[string][]answer{}, kind: autherr.ErrConfig, text: "404"},
	{name: "the IdP fails", pages: map[string][]answer{idp + "/sso": one(answer{status: 503, body: plainForm})},
		kind: autherr.ErrUnreachable, text: "503"},
	{name: "the IdP fails with the password", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(answer{status: 502})}, kind: autherr.ErrUnreachable, text: "502", password: once},
	{name: "too many requests", pages: map[string][]answer{idp + "/sso": one(answer{status: 429,
		header: http.Header{"Retry-After": {"7"}}})}, kind: autherr.ErrRateLimited},
	{name: "a logout button is not pressed", pages: map[string][]answer{idp +
		"/sso": one(html(`<form method="post" action="/logout"><button>Log out</button></form>`)), idp +
		"/logout": one(handOver(acs))}, kind: autherr.ErrBadAnswer},
	{name: "a code is asked for and nobody has one", pages: map[string][]answer{idp + "/sso": one(html(plainForm)),
		idp + "/login": one(html(otpForm + anotherWay))}, kind: autherr.ErrPassCodeNeeded, password: once},
	{name: "a wrong code: the form again", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(otpForm)), idp + "/otp": one(html(otpForm))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrMFARejected, password: once},
	{name: "a wrong code: no form", pages: map[string][]answer{idp + "/sso": one(html(plainForm)), idp +
		"/login": one(html(otpForm)), idp + "/otp": one(html(`<span trmsg="96"></span>`))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrMFARejected,
		text: "message 96", password: once},
	{name: "a wrong code: back to the password", pages: map[string][]answer{idp + "/sso": one(html(plainForm)),
		idp + "/login": one(html(otpForm)), idp + "/otp": one(html(plainForm))},
		setup: func(c *loginform.Client) { c.Answerer = mfa.Code(code) }, kind: autherr.ErrMFARejected, password: once},
}

func TestPagesThatDoNot(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, c.run)
	}
}
