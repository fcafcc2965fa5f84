package oauth

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Authorization is an authorization request that waits for its answer. It holds the PKCE verifier
// and is a secret until it is spent.
type Authorization struct {
	URL      string `json:"url"` // the page to open in a browser; not a secret for the person who opens it
	State    string `json:"state"`
	Verifier string `json:"verifier,omitempty"` // of PKCE; "": none was sent
	Redirect string `json:"redirect,omitempty"` // the redirect_uri that was asked for
}

// String shows nothing.
func (Authorization) String() string { return "oauth.Authorization(hidden)" }

// Format prints String for every verb.
func (a Authorization) Format(f fmt.State, _ rune) { io.WriteString(f, a.String()) }

// LogValue shows what String shows.
func (a Authorization) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Authorize makes an authorization request with a state and a PKCE verifier of its own (RFC 6749,
// section 4.1.1; RFC 7636). Nothing is sent.
func (c *Client) Authorize() (*Authorization, error) {
	if c.Provider.AuthURL == "" {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(autherr.ErrConfig, "oauth: "+c.Provider.Name+" has no authorization endpoint",
			"give OAuthAuthorizationURL or OAuthIssuer"))
	}
	u, err := url.Parse(c.Provider.AuthURL)
	if err != nil {
		return nil, autherr.AtStep(autherr.StepConfig, autherr.New(autherr.ErrConfig, "oauth: the authorization endpoint is no address", ""))
	}
	a := &Authorization{State: rand.Text(), Redirect: c.RedirectURL}
	q := u.Query()
	q.Set("response_type", "code")
	q.Set("client_id", c.ClientID)
	q.Set("state", a.State)
	if c.RedirectURL != "" {
		q.Set("redirect_uri", c.RedirectURL)
	}
	if len(c.Scopes) > 0 {
		q.Set("scope", strings.Join(c.Scopes, " "))
	}
	if !c.Provider.NoPKCE {
		a.Verifier = oauth2.GenerateVerifier()
		q.Set("code_challenge", oauth2.S256ChallengeFromVerifier(a.Verifier))
		q.Set("code_challenge_method", "S256")
	}
	for name, value := range c.Provider.AuthParams {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	a.URL = u.String()
	return a, nil
}

// maxAnswerText bounds a redirected address or a code that somebody pasted, in bytes.
const maxAnswerText = 16 << 10

// Code takes the code out of an answer: the whole redirected address, of which state and iss are
// checked, or a bare code, which carries neither. Nothing is sent.
func (c *Client) Code(a *Authorization, answer string) (code string, err error) {
	answer = strings.TrimSpace(answer)
	if answer == "" || len(answer) > maxAnswerText {
		return "", autherr.New(autherr.ErrPassCodeNeeded, "oauth: there is no answer of the authorization page",
			"open the address in a browser and give the address that it ends at, or its code")
	}
	if !strings.Contains(answer, "://") {
		// A code may end in equals signs, as Base64 does.
		if strings.ContainsAny(answer, "?& \t\r\n") || strings.Contains(strings.TrimRight(answer, "="), "=") {
			return "", autherr.New(autherr.ErrConfig, "oauth: this is neither a code nor a whole address", "give the whole redirected address, with https:// or http://")
		}
		return answer, nil
	}
	u, err := url.Parse(answer)
	if err != nil {
		return "", autherr.New(autherr.ErrConfig, "oauth: the redirected address cannot be read", "copy it whole")
	}
	q := u.Query()
	for _, name := range []string{"code", "state", "iss", "error"} {
		if len(q[name]) > 1 {
			return "", autherr.New(autherr.ErrBadAnswer, "oauth: the redirected address has "+name+" more than once", "authorize anew")
		}
	}
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.State)) != 1 {
		return "", autherr.New(autherr.ErrBadAnswer, "oauth: the answer belongs to another authorization (its state differs)", "authorize anew, and use the newest address")
	}
	if iss := q.Get("iss"); c.Provider.Issuer != "" && (iss != "" || c.Provider.RequireIssuer) && iss != c.Provider.Issuer {
		return "", autherr.New(autherr.ErrBadAnswer, "oauth: the answer comes from another issuer", "authorize anew; if it is so again, somebody mixes up two authorization servers (RFC 9207)")
	}
	if q.Has("error") {
		return "", authorizationError(q)
	}
	if q.Get("code") == "" {
		return "", autherr.New(autherr.ErrConfig, "oauth: the redirected address holds no code", "copy it whole, with everything after the question mark")
	}
	return q.Get("code"), nil
}

// authorizationError is a refusal that came by the browser (RFC 6749, section 4.1.2.1).
func authorizationError(q url.Values) *Error {
	return &Error{Endpoint: "authorization", Code: code(q.Get("error")), Description: clean(q.Get("error_description"))}
}
