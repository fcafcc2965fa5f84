package oauth

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Token is what an authorization server handed out. It is a secret; printing it shows none of it.
type Token struct {
	Access  string    `json:"access_token"`
	Refresh string    `json:"refresh_token,omitempty"` // "": it cannot be renewed
	Type    string    `json:"token_type,omitempty"`    // "Bearer" or "DPoP"
	Scope   string    `json:"scope,omitempty"`         // what was granted, separated by spaces; "": not said
	Issued  time.Time `json:"issued,omitzero"`         // by our clock
	Expires time.Time `json:"expiry,omitzero"`         // by our clock; zero: not said
}

// earlyExpiry is how long before its end a token counts as expired: the request must still arrive,
// and clocks disagree.
const earlyExpiry = 10 * time.Second

// Valid reports whether t can be used at now. A nil token cannot. A token that was issued in the
// future, by a clock that has been put right since, counts as expired.
func (t *Token) Valid(now time.Time) bool {
	return t != nil && t.Access != "" && (t.Expires.IsZero() || now.Before(t.Expires.Add(-earlyExpiry))) && !t.Issued.After(now.Add(earlyExpiry))
}

// Scopes returns what was granted.
func (t *Token) Scopes() []string { return strings.Fields(t.Scope) }

// OAuth2 returns t as the type that other libraries take.
func (t *Token) OAuth2() *oauth2.Token {
	return &oauth2.Token{AccessToken: t.Access, TokenType: t.Type, RefreshToken: t.Refresh, Expiry: t.Expires}
}

// String shows when the token ends and nothing of it.
func (t Token) String() string {
	if t.Expires.IsZero() {
		return "oauth.Token(hidden)"
	}
	return "oauth.Token(hidden, until " + t.Expires.UTC().Format(time.RFC3339) + ")"
}

// Format prints String for every verb.
func (t Token) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue shows what String shows.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }
