package oauth1

import (
	"context"
	"crypto/rsa"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
	"github.com/ssoexchange/ssoexchange/internal/httpclient"
)

// OutOfBand is the callback of a consumer that listens nowhere: the server shows the verifier to
// the person, who copies it.
const OutOfBand = "oob"

// Client is a consumer of one Jira. Its fields are set before its first use; it is then safe for
// concurrent use.
type Client struct {
	BaseURL     *url.URL        // of Jira, with its context path
	ConsumerKey string          // of the application link
	Key         *rsa.PrivateKey // its public half is in the application link; at least 1024 bits
	Callback    string          // where Jira sends the person with the verifier; "": OutOfBand

	// RequestURL, AuthorizeURL and AccessURL replace the endpoints below BaseURL; nil: they do not.
	RequestURL, AuthorizeURL, AccessURL *url.URL

	Transport http.RoundTripper // nil: http.DefaultTransport
	UserAgent string            // "": "ssoexchange"
	Logger    *slog.Logger      // nil: silent

	skew atomic.Int64 // nanoseconds that the server's clock is ahead of ours; changed by CorrectClock
}

// Temporary is a request token: a person authorizes it within ten minutes.
type Temporary struct {
	Token        string   `json:"token"`
	Secret       string   `json:"secret"` // not used with RSA-SHA1, but part of the protocol
	AuthorizeURL *url.URL `json:"-"`      // the page to open in a browser
}

// Token is an access token. Jira's live for about five years.
type Token struct {
	Token                string    `json:"token"`
	Secret               string    `json:"secret,omitempty"`               // not used with RSA-SHA1
	Expires              time.Time `json:"expires,omitzero"`               // zero: not said
	SessionHandle        string    `json:"session_handle,omitempty"`       // renews the token; "": it cannot be renewed
	AuthorizationExpires time.Time `json:"authorization_expires,omitzero"` // when a person is needed again; zero: not said
}

// String shows nothing of the token.
func (Token) String() string { return "oauth1.Token(hidden)" }

// Format prints String for every verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue shows what String shows.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String shows nothing of the token.
func (Temporary) String() string { return "oauth1.Temporary(hidden)" }

// Format prints String for every verb.
func (t Temporary) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue shows what String shows.
func (t Temporary) LogValue() slog.Value { return slog.StringValue(t.String()) }

// RequestToken begins an authorization (RFC 5849, section 2.1).
func (c *Client) RequestToken(ctx context.Context) (*Temporary, error) {
	callback := c.Callback
	if callback == "" {
		callback = OutOfBand
	}
	values, _, err := c.post(ctx, c.endpoint(c.RequestURL, "request-token"), param{"oauth_callback", callback})
	if err != nil {
		return nil, err
	}
	if values.Get("oauth_callback_confirmed") != "true" {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer, "oauth1: the server did not confirm the callback",
			"a server of OAuth 1.0 without the a is open to session fixation and is not used"))
	}
	authorize := c.endpoint(c.AuthorizeURL, "authorize")
	authorize.RawQuery = url.Values{"oauth_token": {values.Get("oauth_token")}}.Encode()
	return &Temporary{Token: values.Get("oauth_token"), Secret: values.Get("oauth_token_secret"), AuthorizeURL: authorize}, nil
}

// AccessToken exchanges an authorized request token and its verifier (RFC 5849, section 2.3). It is
// never repeated by itself: a verifier is good for one exchange.
func (c *Client) AccessToken(ctx context.Context, t *Temporary, verifier string) (*Token, error) {
	return c.access(ctx, param{"oauth_token", t.Token}, param{"oauth_verifier", verifier})
}

// Renew exchanges a token and its session handle for a new token.
func (c *Client) Renew(ctx context.Context, t *Token) (*Token, error) {
	if t.SessionHandle == "" {
		return nil, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrPassCodeNeeded, "oauth1: the access token cannot be renewed", "authorize anew"))
	}
	return c.access(ctx, param{"oauth_token", t.Token}, param{"oauth_session_handle", t.SessionHandle})
}

func (c *Client) access(ctx context.Context, more ...param) (*Token, error) {
	values, at, err := c.post(ctx, c.endpoint(c.AccessURL, "access-token"), more...)
	if err != nil {
		return nil, err
	}
	return &Token{Token: values.Get("oauth_token"), Secret: values.Get("oauth_token_secret"), SessionHandle: values.Get("oauth_session_handle"),
		Expires: after(at, values.Get("oauth_expires_in")), AuthorizationExpires: after(at, values.Get("oauth_authorization_expires_in"))}, nil
}

// endpoint is the address of a servlet, on a copy that the caller may change.
func (c *Client) endpoint(given *url.URL, name string) *url.URL {
	if given != nil {
		u := *given
		return &u
	}
	return c.BaseURL.JoinPath("/plugins/servlet/oauth/", name)
}

// maxLifetime bounds what a server says of a lifetime: a hundred years.
const maxLifetime = 100 * 365 * 24 * 3600

// after returns at plus so many seconds, zero if they are no usable number.
func after(at time.Time, seconds string) time.Time {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n <= 0 || n > maxLifetime {
		return time.Time{}
	}
	return at.Add(time.Duration(n) * time.Second)
}

// maxAnswer bounds an answer of the token endpoints, in bytes.
const maxAnswer = 64 << 10

// post makes one token request, and a second one only if the server refused the timestamp and its
// Date shows that our clock is wrong: it has done nothing then. The time is that of receipt.
func (c *Client) post(ctx context.Context, u *url.URL, more ...param) (url.Values, time.Time, error) {
	h := &httpclient.Client{Server: "oauth1", Transport: c.Transport, UserAgent: c.UserAgent, Logger: c.Logger}
	for try := 1; ; try++ {
		signed := &http.Request{Method: http.MethodPost, URL: u, Header: http.Header{}}
		if err := c.sign(signed, more...); err != nil {
			return nil, time.Time{}, autherr.AtStep(autherr.StepLogin, err)
		}
		a, err := h.Do(ctx, httpclient.Request{Step: autherr.StepLogin, Method: http.MethodPost, URL: u, Header: signed.Header, Body: []byte{}, Secret: true, Limit: maxAnswer})
		if err != nil {
			return nil, time.Time{}, err
		}
		problem := problemOf(a)
		if problem.Problem == "timestamp_refused" && try == 1 && c.CorrectClock(a.Header) {
			continue
		}
		values, err := url.ParseQuery(string(a.Body))
		switch {
		case a.Status != http.StatusOK || problem.Problem != "":
			return nil, time.Time{}, autherr.AtStep(autherr.StepLogin, problem)
		case err != nil || values.Get("oauth_token") == "":
			return nil, time.Time{}, autherr.AtStep(autherr.StepLogin, autherr.New(autherr.ErrBadAnswer, "oauth1: POST "+u.Path+" brought no token",
				"is the address that of Jira, and does a gateway in front of it answer?"))
		}
		return values, time.Now(), nil
	}
}

// minSkew is the least difference of clocks that is worth a correction: Jira allows 300 s.
const minSkew = 30 * time.Second

// CorrectClock takes the server's time from the Date of an answer that refused a timestamp, and
// reports whether that changes the timestamps of later requests.
func (c *Client) CorrectClock(h http.Header) bool {
	date := httpclient.Date(h)
	if date.IsZero() {
		return false
	}
	skew := time.Until(date)
	if diff := skew - time.Duration(c.skew.Load()); diff > -minSkew && diff < minSkew {
		return false
	}
	c.skew.Store(int64(skew))
	return true
}
