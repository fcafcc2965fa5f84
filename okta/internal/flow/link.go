package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/ssoexchange/ssoexchange/internal/autherr"
)

// Link is a HAL link. Href is a claim of the server: Flow.CheckLink decides about it.
type Link struct {
	Name  string `json:"name"`
	Href  string `json:"href"`
	Title string `json:"title"`
	Hints struct {
		Allow []string `json:"allow"`
	} `json:"hints"`
}

// Links is an object whose members are a link or a list of links.
type Links map[string][]Link

// UnmarshalJSON implements [json.Unmarshaler].
func (l *Links) UnmarshalJSON(data []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		return nil // null, a list, a string: no links
	}
	*l = make(Links, len(members))
	for rel, raw := range members {
		if ls := OneOrMany[Link](raw, 20); len(ls) > 0 {
			(*l)[rel] = ls
		}
	}
	return nil
}

// OneOrMany reads an object, or up to limit objects of a list, leaving out those
// that do not fit T.
func OneOrMany[T any](raw json.RawMessage, limit int) []T {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil
	}
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		items = nil
		if json.Unmarshal(raw, &items) != nil {
			return nil
		}
	}
	var out []T
	for _, item := range items[:min(len(items), 16*limit)] { // whoever sends that many that do not fit is no Okta
		var v T
		if len(out) < limit && json.Unmarshal(item, &v) == nil {
			out = append(out, v)
		}
	}
	return out
}

// CheckLink returns the address of a link in an answer, if it may be followed: https and
// one of the hosts of this organisation.
func (w *Flow) CheckLink(stepName string, l Link) (*url.URL, error) {
	u, err := url.Parse(l.Href)
	if err != nil || u.Host == "" {
		return nil, autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer, "okta: a link in the answer is not an address",
			"a proxy may have changed the answer"))
	}
	if !w.Ours(u) {
		return nil, autherr.AtStep(stepName, autherr.New(autherr.ErrBadAnswer,
			fmt.Sprintf("okta: a link in the answer leads to %s://%s", u.Scheme, Printable(u.Host, nil)),
			"if that host belongs to the organisation, name it with Domain"))
	}
	return u, nil
}

// RefusedRedirect is the error of an API call that was answered with a redirect.
func RefusedRedirect(status int, to *url.URL) error {
	return autherr.New(autherr.ErrBadAnswer,
		fmt.Sprintf("okta: an API call was redirected (status %d) to %s", status, Printable(to.Host, nil)),
		"check SSOLoginURL and Domain: the API lives on the organisation's own host")
}

// MaxTransaction bounds an answer of the AuthN or Sessions API, in bytes.
const MaxTransaction = 1 << 20
